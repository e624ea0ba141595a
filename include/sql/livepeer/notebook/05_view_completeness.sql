-- SECTION: Contract coverage and sparsity
-- How many rows of the API views lack a value that a reader needs? Many blank GPUs are a gap in the telemetry (nobody
-- announced the GPU), not a fault of the view; a blank gateway or pipeline is one of the events.

-- QUERY: 05_view_completeness
WITH gpu_hours AS (
    SELECT
        pipeline,
        gpu_id,
        status_samples
    FROM v_api_gpu_metrics
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
),

demand_hours AS (
    SELECT
        pipeline,
        gateway
    FROM v_api_network_demand
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    'v_api_gpu_metrics' AS object_name,
    count() AS rows_window,
    countIf(pipeline = '') AS blank_pipeline,
    toNullable(countIf(gpu_id = '')) AS blank_gpu,
    toNullable(countIf(status_samples = 0)) AS without_samples,
    toUInt64OrNull('') AS blank_gateway
FROM gpu_hours
UNION ALL
SELECT
    'v_api_network_demand' AS object_name,
    count() AS rows_window,
    countIf(pipeline = '') AS blank_pipeline,
    toUInt64OrNull('') AS blank_gpu,
    toUInt64OrNull('') AS without_samples,
    toNullable(countIf(gateway = '')) AS blank_gateway
FROM demand_hours
ORDER BY object_name;
