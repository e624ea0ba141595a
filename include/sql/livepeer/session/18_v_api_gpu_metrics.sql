-- The hours of v_api_gpu_metrics in which the session's samples and its start count. If there are none, no known
-- orchestrator served it, or no GPU is known.
-- LAYER: views

-- QUERY: 18_v_api_gpu_metrics
SELECT *
FROM v_api_gpu_metrics
WHERE (window_start, orchestrator_address, pipeline, model_id, gpu_id, region) IN (
    SELECT
        toDateTime64(dateTrunc('hour', sample_ts), 3, 'UTC'),
        orchestrator_address,
        pipeline,
        model_id,
        gpu_id,
        region
    FROM v_filled_status_samples
    WHERE workflow_session_id = {sid:String}
    UNION DISTINCT
    SELECT
        toDateTime64(dateTrunc('hour', session_start_ts), 3, 'UTC'),
        orchestrator_address,
        pipeline,
        ifNull(model_id, ''),
        ifNull(gpu_id, ''),
        ifNull(region, '')
    FROM v_latest_sessions
    WHERE workflow_session_id = {sid:String}
)
ORDER BY window_start, orchestrator_address, gpu_id;
