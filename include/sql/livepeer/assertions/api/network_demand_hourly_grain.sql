-- When this fails, a row of demand does not start at a full hour: consumers that add up hours count a part of an hour
-- as a whole one, and joins by hour miss the row. Minutes, seconds and their fractions are checked.
-- LAYER: views

-- TEST: network_demand_hourly_grain
SELECT
    countIf(window_start != dateTrunc('hour', window_start)) AS failed_rows,
    count() AS rows_checked,
    groupArrayIf(20)(
        (window_start, gateway, region, pipeline, model_id), window_start != dateTrunc('hour', window_start)
    ) AS failing_keys,
    if(rows_checked = 0, 'nothing to judge: no row of v_api_network_demand in the window', '') AS skip_reason
FROM v_api_network_demand
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: rows are stamped thirty seconds late
CREATE OR REPLACE VIEW v_api_network_demand AS
SELECT
    session_hour + INTERVAL 30 SECOND AS window_start,
    gateway,
    region,
    pipeline,
    model_id,
    uniqExactMerge(streams_uniq_state) AS total_streams,
    uniqExactMerge(sessions_uniq_state) AS total_sessions,
    sum(inference_ms) / 60000 AS total_inference_minutes,
    if(sum(status_samples) > 0, avgMerge(output_fps_avg_state), NULL) AS avg_output_fps,
    sum(parts.known_sessions) AS known_sessions,
    sumIf(parts.known_sessions, orchestrator_address != '') AS served_sessions,
    sumIf(parts.known_sessions, orchestrator_address = '') AS unserved_sessions,
    served_sessions + unserved_sessions AS total_demand_sessions,
    sum(parts.unexcused_sessions) AS unexcused_sessions,
    sum(parts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(parts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(parts.swapped_sessions) AS swapped_sessions,
    unserved_sessions AS missing_capacity_count,
    1 - unexcused_sessions / nullIf(known_sessions, 0) AS success_ratio,
    toFloat64(sum(fee_wei)) / 1e18 AS fee_payment_eth
FROM v_demand_parts_1h AS parts
GROUP BY session_hour, gateway, region, pipeline, model_id;
