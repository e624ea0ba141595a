-- When this fails, a milestone carries no lineage: nobody can tell which event it came from, whether it was counted
-- twice, or what replaced it.
-- LAYER: typed

-- TEST: raw_event_uid_non_empty_trace
WITH lineage AS (
    SELECT 'stream_trace_events' AS object, raw_event_uid AS uid, source_partition, source_offset
    FROM stream_trace_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_stream_trace_edges' AS object, source_event_uid AS uid, source_partition, source_offset
    FROM fact_stream_trace_edges
    WHERE edge_ts >= {from_ts:DateTime64(3, 'UTC')} AND edge_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(empty(trim(uid))) AS failed_rows,
    count() AS rows_checked,
    countIf(empty(trim(uid)) AND object = 'stream_trace_events') AS blank_typed,
    countIf(empty(trim(uid)) AND object = 'fact_stream_trace_edges') AS blank_silver,
    groupArrayIf(20)((object, source_partition, source_offset), empty(trim(uid))) AS table_partition_offset,
    if(count() = 0, 'nothing to judge: no milestone in the window', '') AS skip_reason
FROM lineage;

-- MUTATION: a typed row without lineage
ALTER TABLE stream_trace_events UPDATE raw_event_uid = ''
WHERE raw_event_uid = (SELECT max(raw_event_uid) FROM stream_trace_events);

-- MUTATION: a silver row with a blank for lineage
ALTER TABLE fact_stream_trace_edges UPDATE source_event_uid = ' '
WHERE source_event_uid = (SELECT max(source_event_uid) FROM fact_stream_trace_edges);
