-- When this fails, more records are dead-lettered since the replay began than before: the fault is still there, or the
-- fix has made another one. The baseline is the share of dead letters among the records outside the replayed window
-- that arrived before the replay. What it allows for the number of records since then is rounded up.
-- LAYER: raw

-- TEST: dlq_rate_is_at_its_baseline
WITH
began AS (
    SELECT min(ingestion_timestamp) AS at
    FROM streaming_events
    WHERE source_topic = {input_topic:String} AND headers['sp-run-id'] = {replay_id:String}
),

letters AS (
    SELECT source_partition, source_offset, any(failure_reason) AS reason
    FROM streaming_events_dlq
    WHERE source_topic = {input_topic:String}
    GROUP BY source_partition, source_offset
),

records AS (
    SELECT
        raw.ingestion_timestamp >= (SELECT at FROM began) AS is_after,
        raw.event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND raw.event_timestamp < {to_ts:DateTime64(3, 'UTC')}
            AS in_window,
        letters.reason AS reason,
        letters.reason != '' AS is_letter
    FROM streaming_events AS raw
    LEFT JOIN letters
        ON raw.source_partition = letters.source_partition AND raw.source_offset = letters.source_offset
    WHERE raw.source_topic = {input_topic:String}
)

SELECT
    greatest(
        toInt64(countIf(is_letter AND is_after)) - toInt64(ceil(baseline_rate * countIf(is_after))), 0
    ) AS failed_rows,
    if(
        countIf(NOT is_after AND NOT in_window) = 0,
        0.0,
        countIf(is_letter AND NOT is_after AND NOT in_window) / countIf(NOT is_after AND NOT in_window)
    ) AS baseline_rate,
    countIf(NOT is_after AND NOT in_window) AS baseline_records,
    countIf(is_letter AND NOT is_after AND in_window) AS dead_letters_of_the_window_before,
    countIf(is_after) AS records_since,
    countIf(is_letter AND is_after) AS dead_letters_since,
    groupUniqArrayIf(20)(reason, is_letter AND is_after) AS reasons_since
FROM records;

-- MUTATION: replayed records are dead-lettered again
INSERT INTO streaming_events_dlq (
    source_topic, source_partition, source_offset, source_record_timestamp, event_timestamp, failure_class,
    failure_reason, replay
)
SELECT
    source_topic,
    source_partition,
    source_offset,
    source_record_timestamp,
    event_timestamp,
    'SCHEMA_INVALID' AS failure_class,
    'missing_field' AS failure_reason,
    1 AS replay
FROM record_dispositions
WHERE replay = 1;
