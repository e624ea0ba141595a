-- When this fails, consumers add up wrong amounts of demand: minutes, frame rate or fees are negative or NaN, or
-- counters contradict each other. Counters are unsigned, so a counter that dropped below zero is very large: it is
-- found by comparing it with the total of which it is a part. Failures are a part of the known sessions, and every
-- swapped session swapped in one of the two ways.
-- LAYER: views

-- TEST: network_demand_additive_fields_nonnegative
WITH
arrayExists(
    amount -> ifNull(amount < 0 OR NOT isFinite(amount), 0), [total_inference_minutes, avg_output_fps, fee_payment_eth]
) AS is_no_amount,
served_sessions > known_sessions OR unserved_sessions > known_sessions OR unexcused_sessions > known_sessions
OR missing_capacity_count > known_sessions AS is_more_than_known,
swapped_sessions < greatest(confirmed_swapped_sessions, inferred_orchestrator_change_sessions)
OR swapped_sessions > confirmed_swapped_sessions + inferred_orchestrator_change_sessions AS swaps_disagree,
(total_sessions = 0) != (avg_output_fps IS NULL) OR total_streams > total_sessions AS samples_disagree,
is_no_amount OR is_more_than_known OR swaps_disagree OR samples_disagree AS is_wrong
SELECT
    countIf(is_wrong) AS failed_rows,
    count() AS rows_checked,
    countIf(is_no_amount) AS rows_without_a_valid_amount,
    countIf(is_more_than_known) AS rows_with_more_than_known,
    countIf(swaps_disagree) AS rows_of_disagreeing_swaps,
    countIf(samples_disagree) AS rows_of_disagreeing_samples,
    groupArrayIf(20)((window_start, gateway, region, pipeline, model_id), is_wrong) AS failing_keys,
    if(rows_checked = 0, 'nothing to judge: no row of v_api_network_demand in the window', '') AS skip_reason
FROM v_api_network_demand
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: a failed session was never known
ALTER TABLE fact_workflow_sessions UPDATE known_stream = 0
WHERE startup_unexcused = 1;

-- MUTATION: a frame rate is no number
INSERT INTO agg_stream_performance_1m
(
    window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region,
    output_fps_avg_state, sample_count_state
)
SELECT
    window_start,
    gateway,
    orchestrator_address,
    pipeline,
    model_id,
    gpu_id,
    region,
    avgState(toFloat32(nan)) AS fps,
    countState() AS samples
FROM agg_stream_performance_1m
GROUP BY window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region
ORDER BY window_start
LIMIT 1;
