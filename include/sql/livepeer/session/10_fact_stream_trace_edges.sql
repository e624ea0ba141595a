-- Silver milestones: session starts, outcomes and swaps are decided on these edges.
-- LAYER: silver

-- QUERY: 10_fact_stream_trace_edges
SELECT
    edge_ts,
    trace_type,
    is_swap_event,
    orchestrator_address,
    model_id,
    * EXCEPT (edge_ts, trace_type, is_swap_event, orchestrator_address, model_id)
FROM fact_stream_trace_edges
WHERE workflow_session_id = {sid:String}
ORDER BY edge_ts, source_partition, source_offset;
