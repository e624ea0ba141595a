-- The sessions of the warehouse; the discovery queries decide their scenarios. When this fails, a fixture session was
-- observed in another scenario than its own, so its facts were computed wrongly. Checks of existence do not notice
-- this, because other sessions are still in the scenario.
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
