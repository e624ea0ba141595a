-- The parts of the session, each served by one orchestrator.
-- LAYER: sessions

-- QUERY: 13_segments
SELECT
    segment_index,
    segment_start_ts,
    segment_end_ts,
    orchestrator_address,
    gpu_id,
    reason,
    * EXCEPT (segment_index, segment_start_ts, segment_end_ts, orchestrator_address, gpu_id, reason)
FROM v_latest_segments
WHERE workflow_session_id = {sid:String}
ORDER BY segment_index;
