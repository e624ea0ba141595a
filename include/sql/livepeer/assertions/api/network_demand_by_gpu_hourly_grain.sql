-- When this fails, a row of demand by GPU does not start at a full hour: consumers that add up hours count a part of an
-- hour as a whole one, and divide the hourly capacity by the wrong time. Seconds are checked, too.
-- LAYER: views

-- TEST: network_demand_by_gpu_hourly_grain
SELECT
    countIf(window_start != dateTrunc('hour', window_start)) AS failed_rows,
    count() AS rows_checked,
    groupArrayIf(20)(
        (window_start, gateway, orchestrator_address, region, pipeline, model_id, gpu_id),
        window_start != dateTrunc('hour', window_start)
    ) AS failing_keys,
    if(rows_checked = 0, 'nothing to judge: no row of v_api_network_demand_by_gpu in the window', '') AS skip_reason
FROM v_api_network_demand_by_gpu
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: rows are stamped thirty seconds late
CREATE OR REPLACE VIEW v_api_network_demand_by_gpu AS
SELECT
    hour + INTERVAL 30 SECOND AS window_start,
    gateway,
    orchestrator_address,
    region,
    pipeline,
    model_id,
    gpu_id,
    'card' AS gpu_type,
    uniqExactMerge(streams_uniq_state) AS total_streams,
    uniqExactMerge(sessions_uniq_state) AS total_sessions,
    sum(inference_ms) / 60000 AS inference_minutes_by_gpu_type,
    sum(inference_ms) / 60000 AS used_inference_minutes,
    CAST(NULL, 'Nullable(Float64)') AS available_capacity_minutes,
    CAST(NULL, 'Nullable(Float64)') AS capacity_rate,
    sum(parts.known_sessions) AS known_sessions,
    sum(parts.unexcused_sessions) AS unexcused_sessions,
    sum(parts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(parts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(parts.swapped_sessions) AS swapped_sessions,
    if(orchestrator_address = '', known_sessions, 0) AS missing_capacity_count,
    toFloat64(sum(fee_wei)) / 1e18 AS fee_payment_eth
FROM v_demand_parts_1h AS parts
GROUP BY hour, gateway, orchestrator_address, region, pipeline, model_id, gpu_id
HAVING sum(status_samples) > 0;
