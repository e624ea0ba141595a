-- The sessions that the warehouse knows; the discovery queries say in which scenarios they are. A fixture session that
-- is observed in another scenario than its own changed its class on the way: the scenario still exists, because other
-- sessions are in it, and every check of existence still passes.
--
-- LAYER: sessions

-- QUERY: scenario_identity
SELECT workflow_session_id
FROM v_latest_sessions
ORDER BY workflow_session_id;

-- MUTATION: a session loses its parameter updates
ALTER TABLE fact_workflow_param_updates DELETE
WHERE workflow_session_id = (SELECT min(workflow_session_id) FROM fact_workflow_param_updates);

-- MUTATION: a clean session is as slow as one that is not
ALTER TABLE fact_stream_status_samples UPDATE output_fps = 1
WHERE
    workflow_session_id = (
        SELECT min(samples.workflow_session_id)
        FROM fact_stream_status_samples AS samples
        WHERE samples.output_fps > 12
    );
