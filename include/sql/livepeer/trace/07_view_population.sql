-- Do the API views serve rows for the hours of the window? If there are sessions but no rows here, look at the
-- attribution (GPU and SLA rows need a known orchestrator) and at the rollup.

-- QUERY: 07_view_population
WITH objects AS (
    SELECT
        'v_api_gpu_metrics' AS object_name,
        count() AS rows_window
    FROM v_api_gpu_metrics
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'v_api_network_demand' AS object_name,
        count() AS rows_window
    FROM v_api_network_demand
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'v_api_network_demand_by_gpu' AS object_name,
        count() AS rows_window
    FROM v_api_network_demand_by_gpu
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'v_api_sla_compliance' AS object_name,
        count() AS rows_window
    FROM v_api_sla_compliance
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    object_name,
    rows_window
FROM objects
ORDER BY object_name;
