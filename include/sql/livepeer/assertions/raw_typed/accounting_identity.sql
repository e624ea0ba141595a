-- When this fails, an event that arrived has no outcome or two outcomes: it was lost without a reject, or it is counted
-- both as good and as bad. Every raw record must be typed, or rejected, or a duplicate, or ignored, or accepted with
-- nothing to write. Only a record of a family that fans out may have two outcomes: some rows written, some rejected.
-- LAYER: typed

-- TEST: raw_typed_accounting_identity
WITH
raw_records AS (
    SELECT
        source_topic,
        source_partition,
        source_offset,
        max(event_uid) AS uid,
        max(type IN ('network_capabilities', 'discovery_results')) AS fans_out
    FROM streaming_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY source_topic, source_partition, source_offset
),

outcomes AS (
    SELECT source_topic, source_partition, source_offset, 'typed' AS outcome
    FROM merge(concat('^(', arrayStringConcat({layer_typed:Array(String)}, '|'), ')$'))
    UNION ALL
    SELECT source_topic, source_partition, source_offset, 'dlq' AS outcome
    FROM streaming_events_dlq
    UNION ALL
    SELECT source_topic, source_partition, source_offset, 'quarantine' AS outcome
    FROM streaming_events_quarantine
    UNION ALL
    SELECT
        source_topic,
        source_partition,
        source_offset,
        if(disposition = 'accepted', 'nothing to write', toString(disposition)) AS outcome
    FROM record_dispositions
    WHERE
        disposition != 'accepted'
        OR (event_type IN ('network_capabilities', 'discovery_results') AND length(rows_written) = 0)
),

by_record AS (
    SELECT
        source_topic,
        source_partition,
        source_offset,
        arraySort(groupUniqArray(outcome)) AS outcomes
    FROM outcomes
    GROUP BY source_topic, source_partition, source_offset
),

records AS (
    SELECT
        raw_records.source_partition AS source_partition,
        raw_records.source_offset AS source_offset,
        raw_records.uid AS uid,
        by_record.outcomes AS outcomes,
        empty(outcomes) AS is_lost,
        length(outcomes) > 1 AND NOT (raw_records.fans_out AND outcomes = ['dlq', 'typed']) AS is_ambiguous
    FROM raw_records
    LEFT JOIN by_record
        ON
            raw_records.source_topic = by_record.source_topic
            AND raw_records.source_partition = by_record.source_partition
            AND raw_records.source_offset = by_record.source_offset
),

ids AS (
    SELECT
        countIf(is_lost) AS lost_records,
        countIf(is_ambiguous) AS ambiguous_records,
        anyIf((source_partition, source_offset, uid), is_lost OR is_ambiguous) AS example,
        multiIf(
            max(hasAny(outcomes, ['typed', 'nothing to write'])), 'accepted',
            max(has(outcomes, 'dlq')), 'dlq',
            max(has(outcomes, 'ignored')), 'ignored',
            max(has(outcomes, 'quarantine')), 'quarantine only',
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
    groupArrayIf(20)(example, lost_records + ambiguous_records > 0) AS partition_offset_id,
    if(raw_distinct_ids = 0, 'nothing to judge: no record in the window', '') AS skip_reason
FROM ids;

-- MUTATION: a record is both typed and in quarantine
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
