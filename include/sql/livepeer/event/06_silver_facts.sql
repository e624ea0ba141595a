-- The silver facts of the event, with the session that each belongs to and what it says about who served it.
-- LAYER: silver

-- QUERY: 06_silver_facts
SELECT
    'fact_stream_status_samples' AS silver_table,
    sample_ts AS fact_ts,
    workflow_session_id,
    toString(state) AS says,
    orchestrator_address,
    gpu_id,
    toString(gpu_attribution_method) AS attribution,
    source_topic,
    source_partition,
    source_offset
FROM fact_stream_status_samples
WHERE source_event_uid = {event:String}
UNION ALL
SELECT
    'fact_stream_trace_edges' AS silver_table,
    edge_ts AS fact_ts,
    workflow_session_id,
    toString(trace_type) AS says,
    orchestrator_address,
    NULL AS gpu_id,
    '' AS attribution,
    source_topic,
    source_partition,
    source_offset
FROM fact_stream_trace_edges
WHERE source_event_uid = {event:String}
UNION ALL
SELECT
    'fact_stream_ingest_samples' AS silver_table,
    sample_ts AS fact_ts,
    workflow_session_id,
    toString(connection_quality) AS says,
    '' AS orchestrator_address,
    NULL AS gpu_id,
    '' AS attribution,
    source_topic,
    source_partition,
    source_offset
FROM fact_stream_ingest_samples
WHERE source_event_uid = {event:String}
ORDER BY silver_table, source_partition, source_offset;
