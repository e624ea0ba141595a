-- When this fails, an event that arrived has no outcome or two outcomes: it was lost without a reject, or it is counted
-- both as good and as bad. Every raw record must be typed, or rejected, or a duplicate, or ignored, or accepted with
-- nothing to write. Only a record of a family that fans out may have two outcomes: some rows written, some rejected.
-- LAYER: typed

-- TEST: raw_typed_accounting_identity
WITH
-- One bit for each location or outcome of a record: 1 raw, 2 typed, 4 DLQ, 8 quarantine, 16 ignored, 32 accepted with
-- nothing to write, 64 raw of a family that fans out.
sides AS (
    SELECT
        cityHash64(source_topic, source_partition, source_offset) AS record,
        if(type IN ('network_capabilities', 'discovery_results'), 65, 1) AS place,
        source_partition,
        source_offset,
        event_uid AS uid
    FROM streaming_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT cityHash64(source_topic, source_partition, source_offset), 2, 0, 0, ''
    FROM merge(concat('^(', arrayStringConcat({layer_typed:Array(String)}, '|'), ')$'))
    UNION ALL
    SELECT cityHash64(source_topic, source_partition, source_offset), 4, 0, 0, ''
    FROM streaming_events_dlq
    UNION ALL
    SELECT cityHash64(source_topic, source_partition, source_offset), 8, 0, 0, ''
    FROM streaming_events_quarantine
    UNION ALL
    SELECT
        cityHash64(source_topic, source_partition, source_offset),
        transform(disposition, ['dlq', 'quarantine', 'ignored'], [4, 8, 16], 32),
        0,
        0,
        ''
    FROM record_dispositions
    WHERE
        disposition != 'accepted'
        OR (event_type IN ('network_capabilities', 'discovery_results') AND length(rows_written) = 0)
),

records AS (
    SELECT
        max(sides.source_partition) AS partition_of_record,
        max(sides.source_offset) AS offset_of_record,
        max(sides.uid) AS uid,
        groupBitOr(place) AS places,
        bitAnd(places, 62) AS fate_bits,
        bitAnd(places, 34) > 0 AS is_good,
        bitAnd(places, 4) > 0 AS is_dead,
        bitAnd(places, 8) > 0 AS is_duplicate,
        bitAnd(places, 16) > 0 AS is_ignored,
        fate_bits = 0 AS is_lost,
        bitCount(fate_bits) > 1 AND places != 71 AS is_ambiguous
    FROM sides
    GROUP BY record
    HAVING bitAnd(places, 1) > 0
),

ids AS (
    SELECT
        countIf(is_lost) AS lost_records,
        countIf(is_ambiguous) AS ambiguous_records,
        anyIf((partition_of_record, offset_of_record, uid), is_lost OR is_ambiguous) AS example,
        multiIf(
            max(is_good), 'accepted',
            max(is_dead), 'dlq',
            max(is_ignored), 'ignored',
            max(is_duplicate), 'quarantine only',
            'unaccounted'
        ) AS fate
    FROM records
    GROUP BY cityHash64(uid)
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
