-- How many rows each view serves for the hours of the window. Demand is split by gateway, the other two by orchestrator
-- and GPU: usually the coarser view has fewer rows.
-- LAYER: views
-- Not a check: hours with failures only have demand rows only, so the order is usual but not necessary.

-- TEST: view_count_grain_ordering
WITH counts AS (
    SELECT 'demand' AS name, count() AS view_rows
    FROM v_api_network_demand
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'gpu' AS name, count() AS view_rows
    FROM v_api_gpu_metrics
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'sla' AS name, count() AS view_rows
    FROM v_api_sla_compliance
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    0 AS failed_rows,
    multiIf(sum(view_rows) = 0, 'INFO', demand_rows <= greatest(gpu_rows, sla_rows), 'PASS', 'WARN') AS status,
    sumIf(view_rows, name = 'demand') AS demand_rows,
    sumIf(view_rows, name = 'gpu') AS gpu_rows,
    sumIf(view_rows, name = 'sla') AS sla_rows,
    if(sum(view_rows) = 0, 'nothing to judge: no view has a row in the window', '') AS skip_reason
FROM counts;
