-- When this fails, events that arrived were lost between raw and typed, or were written twice: session facts computed
-- from them are wrong although every count may still look plausible. Ids are compared, not totals, because one lost row
-- and one duplicated row cancel in a total. An event without an id is identified by the hash of its bytes. An id may be
-- missing from typed only when every record of it was rejected or ignored. The fixture states how many rejects are
-- allowed. Ignored records are always allowed, unless the fixture states their number for the family.
-- LAYER: typed

-- TEST: raw_typed_core_1to1_parity
WITH
refused AS (
    SELECT source_topic, source_partition, source_offset
    FROM record_dispositions
    WHERE disposition != 'accepted'
    UNION DISTINCT
    SELECT source_topic, source_partition, source_offset
    FROM merge(concat('^(', arrayStringConcat({reject_tables:Array(String)}, '|'), ')$'))
),

ignored AS (
    SELECT source_topic, source_partition, source_offset
    FROM record_dispositions
    WHERE disposition = 'ignored'
),

planted AS (
    SELECT DISTINCT event_id
    FROM replay_ledger
    WHERE expected_disposition IN ('dlq', 'quarantine', 'ignored')
),

sides AS (
    SELECT
        type AS event_type,
        event_uid AS uid,
        1 AS is_raw,
        (source_topic, source_partition, source_offset) IN (SELECT * FROM refused) AS is_refused,
        (source_topic, source_partition, source_offset) IN (SELECT * FROM ignored) AS is_ignored
    FROM streaming_events
    WHERE
        has({core_types:Array(String)}, type)
        AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        arrayFirst(
            name -> has({typed_tables:Map(String, Array(String))}[name], toString(_table)), {core_types:Array(String)}
        ) AS event_type,
        raw_event_uid AS uid,
        0 AS is_raw,
        0 AS is_refused,
        0 AS is_ignored
    FROM
        merge(concat('^(', arrayStringConcat(arrayFlatten(arrayMap(
            name -> {typed_tables:Map(String, Array(String))}[name], {core_types:Array(String)}
        )), '|'), ')$'))
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

by_id AS (
    SELECT
        event_type,
        uid,
        countIf(is_raw) AS raw_count,
        countIf(is_raw AND NOT is_refused) AS accepted_count,
        countIf(NOT is_raw) AS typed_count,
        raw_count > 0 AND accepted_count = 0 AND typed_count = 0 AS is_missing,
        is_missing AND max(is_ignored) AS is_ignored_id,
        is_missing AND NOT is_ignored_id AS is_rejected_id
    FROM sides
    GROUP BY event_type, uid
),

by_type AS (
    SELECT
        event_type,
        sum(raw_count) AS raw_rows,
        countIf(raw_count > 0) AS raw_ids,
        countIf(accepted_count > 0) AS accepted_ids,
        sum(typed_count) AS typed_rows,
        countIf(accepted_count > 0 AND typed_count = 0) AS lost_ids,
        countIf(typed_count > 1) AS duplicated_ids,
        countIf(typed_count > 0 AND raw_count = 0) AS ids_without_raw,
        countIf(typed_count > 0 AND raw_count > 0 AND accepted_count = 0) AS refused_but_typed_ids,
        countIf(is_rejected_id) AS rejected_ids,
        countIf(is_ignored_id) AS ignored_ids,
        {expected_dlq:Map(String, UInt64)}[event_type]
        + {expected_quarantine:Map(String, UInt64)}[event_type] AS expected_rejects,
        {expected_ignored:Map(String, UInt64)}[event_type] AS expected_ignored_ids,
        rejected_ids > expected_rejects AS too_many_rejected,
        mapContains({expected_ignored:Map(String, UInt64)}, event_type) AND ignored_ids > expected_ignored_ids
            AS too_many_ignored,
        arrayConcat(
            groupArrayIf(20)(uid, (accepted_count > 0) != (typed_count = 1)),
            arrayFilter(
                id -> too_many_rejected,
                groupArrayIf(20)(uid, is_rejected_id AND uid NOT IN (SELECT event_id FROM planted))
            ),
            arrayFilter(
                id -> too_many_ignored,
                groupArrayIf(20)(uid, is_ignored_id AND uid NOT IN (SELECT event_id FROM planted))
            )
        ) AS ids
    FROM by_id
    GROUP BY event_type
)

SELECT
    countIf(
        lost_ids + duplicated_ids + ids_without_raw + refused_but_typed_ids > 0
        OR too_many_rejected
        OR too_many_ignored
    ) AS failed_rows,
    sum(raw_rows) AS total_raw_rows,
    sum(raw_ids) AS total_raw_distinct_ids,
    sum(raw_rows) - sum(raw_ids) AS total_raw_duplicate_rows,
    sum(accepted_ids) AS total_accepted_rows_est_distinct,
    sum(typed_rows) AS total_typed_rows,
    sum(lost_ids) AS lost,
    sum(duplicated_ids) AS duplicated,
    sum(ids_without_raw) AS without_raw,
    sum(refused_but_typed_ids) AS refused_but_typed,
    sum(rejected_ids) AS rejected,
    sum(expected_rejects) AS rejects_expected_at_most,
    sum(ignored_ids) AS ignored_by_contract,
    arraySlice(arrayFlatten(groupArray(ids)), 1, 20) AS failing_ids,
    if(total_raw_rows + total_typed_rows = 0, 'nothing to judge: no core event in the window', '') AS skip_reason
FROM by_type;

-- MUTATION: a typed row is lost
DELETE FROM stream_trace_events
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM stream_trace_events ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: a typed row is written twice
INSERT INTO ai_stream_status
SELECT * FROM ai_stream_status
ORDER BY source_partition, source_offset
LIMIT 1;

-- MUTATION: one event is lost and another one counted twice, so that totals agree
ALTER TABLE ai_stream_events UPDATE raw_event_uid = (
    SELECT max(raw_event_uid) FROM ai_stream_events
)
WHERE raw_event_uid = (
    SELECT min(raw_event_uid) FROM ai_stream_events
);
