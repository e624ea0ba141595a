-- The hours of v_api_network_demand_by_gpu in which the session's samples and its start count. Samples and sessions
-- without a GPU count under the newest GPU of that hour, as in the view. Only hours with samples have a row.
-- LAYER: views

-- QUERY: 21_v_api_network_demand_by_gpu
WITH
own AS (
    SELECT
        toDateTime64(dateTrunc('hour', sample_ts), 3, 'UTC') AS hour,
        gateway,
        orchestrator_address AS host,
        ifNull(region, '') AS place,
        pipeline,
        ifNull(model_id, '') AS model,
        ifNull(gpu_id, '') AS gpu
    FROM fact_stream_status_samples
    WHERE workflow_session_id = {sid:String}
    UNION DISTINCT
    SELECT
        toDateTime64(dateTrunc('hour', session_start_ts), 3, 'UTC') AS hour,
        gateway,
        orchestrator_address AS host,
        ifNull(region, '') AS place,
        pipeline,
        ifNull(model_id, '') AS model,
        ifNull(gpu_id, '') AS gpu
    FROM v_latest_sessions
    WHERE workflow_session_id = {sid:String}
),

newest_gpus AS (
    SELECT
        toDateTime64(dateTrunc('hour', session_start_ts), 3, 'UTC') AS hour,
        gateway,
        orchestrator_address AS host,
        ifNull(region, '') AS place,
        pipeline,
        ifNull(model_id, '') AS model,
        argMax(ifNull(gpu_id, ''), (session_start_ts, workflow_session_id)) AS newest_gpu
    FROM v_latest_sessions
    WHERE gpu_id != ''
    GROUP BY hour, gateway, host, place, pipeline, model
)

SELECT *
FROM v_api_network_demand_by_gpu
WHERE (window_start, gateway, orchestrator_address, region, pipeline, model_id, gpu_id) IN (
    SELECT
        own.hour,
        own.gateway,
        own.host,
        own.place,
        own.pipeline,
        own.model,
        if(own.gpu = '', ifNull(newest_gpus.newest_gpu, ''), own.gpu)
    FROM own
    LEFT JOIN newest_gpus
        ON
            own.hour = newest_gpus.hour
            AND own.gateway = newest_gpus.gateway
            AND own.host = newest_gpus.host
            AND own.place = newest_gpus.place
            AND own.pipeline = newest_gpus.pipeline
            AND own.model = newest_gpus.model
)
ORDER BY window_start, gateway, orchestrator_address, gpu_id;
