-- When this fails, an event of the replayed window is in a typed table from two records: it had been accepted before it
-- was sent again, and dedup did not know it any more. Every count of the window is too high.
-- LAYER: typed

-- TEST: dlq_window_holds_no_duplicates
WITH
events AS (
    SELECT
        toString(_table) AS target,
        raw_event_uid AS uid,
        uniqExact(source_topic, source_partition, source_offset) AS records
    FROM merge(concat('^(', arrayStringConcat({layer_typed:Array(String)}, '|'), ')$'))
    WHERE
        event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY target, uid
)

SELECT
    countIf(records > 1) AS failed_rows,
    count() AS events_of_the_window,
    groupArrayIf(20)((target, uid, records), records > 1) AS table_event_records,
    if(count() = 0, 'nothing to judge: the window holds no typed row', '') AS skip_reason
FROM events;

-- MUTATION: one event of the window is there from two records
ALTER TABLE ai_stream_status UPDATE raw_event_uid = (
    SELECT max(raw_event_uid) FROM ai_stream_status
)
WHERE raw_event_uid = (
    SELECT min(raw_event_uid) FROM ai_stream_status
);
