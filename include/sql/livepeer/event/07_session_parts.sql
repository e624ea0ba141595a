-- Rows of session facts that name the event as their source: a segment that began with it, an update of parameters, the
-- startup edges known at its time.
-- LAYER: sessions

-- QUERY: 07_session_parts
SELECT
    'fact_workflow_session_segments' AS fact_table,
    workflow_session_id,
    segment_start_ts AS fact_ts,
    concat('segment ', toString(segment_index), ', ', reason) AS says,
    version
FROM fact_workflow_session_segments FINAL
WHERE source_event_uid = {event:String}
UNION ALL
SELECT
    'fact_workflow_param_updates' AS fact_table,
    workflow_session_id,
    update_ts AS fact_ts,
    toString(update_type) AS says,
    version
FROM fact_workflow_param_updates FINAL
WHERE source_event_uid = {event:String}
UNION ALL
SELECT
    'fact_lifecycle_edge_coverage' AS fact_table,
    workflow_session_id,
    signal_ts AS fact_ts,
    toString(trace_type) AS says,
    version
FROM fact_lifecycle_edge_coverage FINAL
WHERE source_event_uid = {event:String}
ORDER BY fact_table, workflow_session_id, fact_ts;
