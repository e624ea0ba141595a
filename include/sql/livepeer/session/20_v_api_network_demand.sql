-- The hours of v_api_network_demand in which the session's samples and its start count. Samples without a pipeline
-- count under the pipeline of the sessions of that hour, if those have only one, as in the view.
-- LAYER: views

-- QUERY: 20_v_api_network_demand
WITH
own AS (
    SELECT
        toDateTime64(dateTrunc('hour', sample_ts), 3, 'UTC') AS hour,
        gateway,
        ifNull(region, '') AS place,
        pipeline,
        ifNull(model_id, '') AS model,
        pipeline = '' AS to_fill
    FROM fact_stream_status_samples
    WHERE workflow_session_id = {sid:String}
    UNION DISTINCT
    SELECT
        toDateTime64(dateTrunc('hour', session_start_ts), 3, 'UTC') AS hour,
        gateway,
        ifNull(region, '') AS place,
        pipeline,
        ifNull(model_id, '') AS model,
        0 AS to_fill
    FROM v_latest_sessions
    WHERE workflow_session_id = {sid:String}
),

only_pipelines AS (
    SELECT
        window_start,
        gateway,
        region,
        model_id,
        any(pipeline) AS only_pipeline
    FROM agg_reliability_1h
    WHERE pipeline != ''
    GROUP BY window_start, gateway, region, model_id
    HAVING uniqExact(pipeline) = 1
)

SELECT *
FROM v_api_network_demand
WHERE (window_start, gateway, region, pipeline, model_id) IN (
    SELECT
        own.hour,
        own.gateway,
        own.place,
        if(own.to_fill, ifNull(only_pipelines.only_pipeline, ''), own.pipeline),
        own.model
    FROM own
    LEFT JOIN only_pipelines
        ON
            own.hour = only_pipelines.window_start
            AND own.gateway = only_pipelines.gateway
            AND own.place = only_pipelines.region
            AND own.model = only_pipelines.model_id
)
ORDER BY window_start, gateway, region, pipeline, model_id;
