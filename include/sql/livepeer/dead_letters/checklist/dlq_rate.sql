-- When this fails, more records are dead-lettered since the replay began than before: the fault is still there, or the
-- fix has made another one. The baseline is the share of dead letters among the records outside the replayed window
-- that arrived within some days before the replay. What it allows for the number of records since then is rounded up.
-- LAYER: raw

-- TEST: dlq_rate_is_at_its_baseline
WITH
began AS (
    SELECT min(ingestion_timestamp) AS at
    FROM streaming_events
    WHERE source_topic = {input_topic:String} AND headers['sp-run-id'] = {replay_id:String}
),

letters AS (
    SELECT source_partition, source_offset
    FROM streaming_events_dlq
    WHERE source_topic = {input_topic:String}
),

records AS (
    SELECT
        ingestion_timestamp >= (SELECT at FROM began) AS is_after,
        event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
            AS in_window,
        (source_partition, source_offset) IN (SELECT * FROM letters) AS is_letter,
        if(id = '', concat(toString(source_partition), ':', toString(source_offset)), id) AS shown
    FROM streaming_events
    WHERE
        source_topic = {input_topic:String}
        AND ingestion_timestamp >= (SELECT at FROM began) - toIntervalHour({baseline_hours:UInt32})
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
    groupArrayIf(20)(shown, is_letter AND is_after) AS letters_since
FROM records;

-- MUTATION: replayed records are dead-lettered again
INSERT INTO streaming_events_dlq (
    source_topic, source_partition, source_offset, source_record_timestamp, event_timestamp, failure_class,
    failure_reason
)
SELECT
    source_topic,
    source_partition,
    source_offset,
    source_record_timestamp,
    event_timestamp,
    'SCHEMA_INVALID' AS failure_class,
    'missing_field' AS failure_reason
FROM record_dispositions
WHERE replay = 1;
