-- When this fails, more records of a family are rejected than in a healthy stream: a producer has changed a payload, or
-- publishes twice. Rejects that the fixture set plants do not count. One record in a hundred may be unusable. One in
-- twenty may be a duplicate, because delivery is at-least-once and a producer that reconnects repeats its last batch. A
-- reject is in the window by the time of its event, or of its record if the event has none. Records are counted, not
-- rows: the reject row of an oversized record may itself be too large to be written, and then only the disposition
-- shows it, with the first 256 characters of the type.
-- LAYER: typed

-- TEST: reject_rate
WITH
rejections AS (
    SELECT
        transform(_table, ['streaming_events_dlq'], ['dlq'], 'quarantine') AS place,
        event_type,
        event_timestamp,
        source_record_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM merge('^streaming_events_(dlq|quarantine)$')
    UNION ALL
    SELECT
        disposition AS place,
        event_type,
        event_timestamp,
        source_record_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM record_dispositions
    WHERE disposition IN ('dlq', 'quarantine')
),

counted AS (
    SELECT
        substringUTF8(type, 1, 256) AS event_type,
        'raw' AS place,
        count() AS records
    FROM streaming_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY event_type
    UNION ALL
    SELECT
        substringUTF8(rejections.event_type, 1, 256) AS event_type,
        rejections.place AS place,
        uniqExact(source_topic, source_partition, source_offset)
    FROM rejections
    WHERE
        ifNull(event_timestamp, source_record_timestamp) >= {from_ts:DateTime64(3, 'UTC')}
        AND ifNull(event_timestamp, source_record_timestamp) < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY event_type, place
),

families AS (
    SELECT
        event_type,
        sumIf(records, place = 'raw') AS raw_records,
        sumIf(records, place = 'dlq') AS dlq_records,
        sumIf(records, place = 'quarantine') AS quarantine_records,
        greatest(0, toInt64(dlq_records) - toInt64({expected_dlq:Map(String, UInt64)}[event_type])) AS dlq_unplanned,
        greatest(0, toInt64(quarantine_records) - toInt64({expected_quarantine:Map(String, UInt64)}[event_type]))
            AS quarantine_unplanned,
        dlq_unplanned > 0.01 * raw_records OR quarantine_unplanned > 0.05 * raw_records AS is_too_much
    FROM counted
    GROUP BY event_type
)

SELECT
    sumIf(dlq_unplanned + quarantine_unplanned, is_too_much) AS failed_rows,
    count() AS families_checked,
    sum(raw_records) AS total_raw_records,
    sum(dlq_records) AS total_dlq_records,
    sum(quarantine_records) AS total_quarantine_records,
    groupArray((event_type, raw_records, dlq_records, dlq_unplanned, quarantine_records, quarantine_unplanned))
        AS type_raw_dlq_unplanned_quarantine_unplanned,
    groupArrayIf(event_type, is_too_much) AS failing_types,
    if(families_checked = 0, 'nothing to judge: no record in the window', '') AS skip_reason
FROM families;

-- MUTATION: payments are dead-lettered
INSERT INTO streaming_events_dlq
(
    source_topic, source_partition, source_offset, source_record_timestamp, event_id, event_type, event_timestamp,
    failure_class
)
SELECT
    source_topic,
    source_partition,
    source_offset,
    event_timestamp,
    raw_event_uid,
    'create_new_payment',
    event_timestamp,
    'PARSING_FAILED'
FROM payment_events
ORDER BY source_partition, source_offset
LIMIT 1;

-- MUTATION: every capability event comes twice
INSERT INTO streaming_events_quarantine
(
    source_topic, source_partition, source_offset, source_record_timestamp, event_id, event_type, event_timestamp,
    failure_class
)
SELECT
    source_topic,
    source_partition,
    source_offset,
    event_timestamp,
    raw_event_uid,
    'network_capabilities',
    event_timestamp,
    'DUPLICATE'
FROM network_capabilities_advertised;

-- MUTATION: a payment is rejected and too large for a dead letter of its own
ALTER TABLE record_dispositions UPDATE disposition = 'dlq', failure_class = 'RECORD_TOO_LARGE'
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM payment_events ORDER BY source_partition, source_offset LIMIT 1
);
