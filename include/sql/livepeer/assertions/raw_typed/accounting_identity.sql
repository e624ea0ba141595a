-- When this fails, an event that arrived left no trace of what became of it, or has two fates at once: it was lost
-- without a reject, or it is counted both as good and as bad. Every raw record must be typed, or rejected, or a
-- duplicate, or ignored, or an accepted event with nothing to write. Only a record of a family that fans out may be
-- two things: part of its rows written, part rejected.
-- LAYER: typed

-- TEST: raw_typed_accounting_identity
WITH
sides AS (
    SELECT
        source_topic,
        source_partition,
        source_offset,
        'raw' AS side,
        type AS event_type,
        if(id = '', lower(hex(SHA256(payload))), id) AS uid
    FROM streaming_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT source_topic, source_partition, source_offset, 'typed' AS side, '' AS event_type, '' AS uid
    FROM merge('^(ai_stream_.*|stream_.*_(events|metrics)|network_capabilities.*|discovery_results|payment_events)$')
    UNION ALL
    SELECT source_topic, source_partition, source_offset, 'dlq' AS side, '' AS event_type, '' AS uid
    FROM streaming_events_dlq
    UNION ALL
    SELECT source_topic, source_partition, source_offset, 'quarantine' AS side, '' AS event_type, '' AS uid
    FROM streaming_events_quarantine
    UNION ALL
    SELECT
        source_topic,
        source_partition,
        source_offset,
        if(disposition != 'accepted', disposition, 'nothing to write') AS side,
        '' AS event_type,
        '' AS uid
    FROM record_dispositions
    WHERE
        disposition != 'accepted'
        OR (
            empty(mapKeys(rows_written))
            -- Qualified: the alias above would win over the column.
            AND record_dispositions.event_type IN ('network_capabilities', 'discovery_results')
        )
),

records AS (
    SELECT
        source_partition,
        source_offset,
        max(sides.uid) AS uid,
        max(sides.event_type) IN ('network_capabilities', 'discovery_results') AS fans_out,
        countIf(side = 'raw') > 0 AS is_raw,
        countIf(side = 'typed') > 0 AS is_typed,
        countIf(side = 'dlq') > 0 AS is_dead,
        countIf(side = 'quarantine') > 0 AS is_duplicate,
        countIf(side = 'ignored') > 0 AS is_ignored,
        countIf(side = 'nothing to write') > 0 AS is_empty,
        is_typed + is_dead + is_duplicate + is_ignored + is_empty AS fates,
        fates = 0 AS is_lost,
        fates > 1 AND NOT (fates = 2 AND fans_out AND is_typed AND is_dead) AS is_ambiguous
    FROM sides
    GROUP BY source_topic, source_partition, source_offset
    HAVING is_raw
),

ids AS (
    SELECT
        uid,
        countIf(is_lost) AS lost_records,
        countIf(is_ambiguous) AS ambiguous_records,
        groupArrayIf(20)((source_partition, source_offset, uid), is_lost OR is_ambiguous) AS examples,
        multiIf(
            max(is_typed OR is_empty), 'accepted',
            max(is_dead), 'dlq',
            max(is_ignored), 'ignored',
            max(is_duplicate), 'quarantine only',
            'unaccounted'
        ) AS fate
    FROM records
    GROUP BY uid
)

SELECT
    sum(lost_records) + sum(ambiguous_records) AS failed_rows,
    sum(lost_records) AS unaccounted_records,
    sum(ambiguous_records) AS records_with_two_fates,
    count() AS raw_distinct_ids,
    countIf(fate = 'accepted') AS accepted_ids,
    countIf(fate = 'dlq') AS dlq_ids,
    countIf(fate = 'ignored') AS ignored_ids,
    countIf(fate = 'quarantine only') AS quarantine_only_ids,
    countIf(fate = 'unaccounted') AS unaccounted_ids,
    arraySlice(groupArrayArray(examples), 1, 20) AS partition_offset_id
FROM ids;

-- MUTATION: a record is both typed and in quarantine
-- ALSO FAILS: conservation_no_unnamed_rows
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
FROM network_capabilities
ORDER BY source_partition, source_offset
LIMIT 1;

-- MUTATION: a record arrives and nothing becomes of it
-- ALSO FAILS: conservation_every_record_once_in_raw
INSERT INTO streaming_events
(
    id, type, timestamp, data, source_topic, source_partition, source_offset, source_record_timestamp, headers, payload
)
SELECT
    id,
    type,
    timestamp,
    data,
    source_topic,
    source_partition,
    source_offset + 1000000,
    source_record_timestamp,
    headers,
    payload
FROM streaming_events
WHERE type = 'stream_trace' AND id != ''
ORDER BY source_partition, source_offset
LIMIT 1;
