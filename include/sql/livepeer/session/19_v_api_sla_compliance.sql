-- The hour of v_api_sla_compliance in which the session's start counts. If there is none, the session found no
-- orchestrator.
-- LAYER: views

-- QUERY: 19_v_api_sla_compliance
SELECT *
FROM v_api_sla_compliance
WHERE (window_start, orchestrator_address, pipeline, model_id, gpu_id, region) IN (
    SELECT
        toDateTime64(dateTrunc('hour', session_start_ts), 3, 'UTC'),
        orchestrator_address,
        pipeline,
        ifNull(model_id, ''),
        ifNull(gpu_id, ''),
        ifNull(region, '')
    FROM v_latest_sessions
    WHERE workflow_session_id = {sid:String}
);
