-- When this fails, a rate of GPU metrics differs from its own counters: a dashboard shows an orchestrator as better or
-- worse than it was. Without a known session the rate must be null, because 0 would mean "never failed".
-- LAYER: views

-- TEST: gpu_metrics_rollup_fields_consistent
WITH
unexcused_sessions / nullIf(known_sessions, 0) AS expected_failure_rate,
known_swapped_sessions / nullIf(known_sessions, 0) AS expected_swap_rate,
isNull(failure_rate) != isNull(expected_failure_rate)
OR ifNull(NOT (abs(failure_rate - expected_failure_rate) <= 1e-6), 0) AS wrong_failure_rate,
isNull(swap_rate) != isNull(expected_swap_rate)
OR ifNull(NOT (abs(swap_rate - expected_swap_rate) <= 1e-6), 0) AS wrong_swap_rate
SELECT
    countIf(wrong_failure_rate OR wrong_swap_rate) AS failed_rows,
    count() AS rows_checked,
    countIf(known_sessions > 0) AS rows_with_sessions,
    countIf(wrong_failure_rate) AS rows_of_another_failure_rate,
    countIf(wrong_swap_rate) AS rows_of_another_swap_rate,
    groupArrayIf(20)(
        (
            window_start, orchestrator_address, pipeline, model_id, gpu_id, region, known_sessions,
            unexcused_sessions, failure_rate, known_swapped_sessions, swap_rate
        ),
        wrong_failure_rate OR wrong_swap_rate
    ) AS key_known_unexcused_rate_swapped_rate,
    if(rows_checked = 0, 'nothing to judge: no row of v_api_gpu_metrics in the window', '') AS skip_reason
FROM v_api_gpu_metrics
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: excused failures count as failures in the rate
CREATE OR REPLACE VIEW v_api_gpu_metrics AS
SELECT
    starts.* EXCEPT (success_ratio, no_swap_ratio, sla_score),
    'card' AS gpu_name,
    toUInt64(0) AS gpu_memory_total,
    '' AS runner_version,
    '' AS cuda_version,
    CAST(NULL, 'Nullable(Float64)') AS avg_output_fps,
    avg_output_fps AS p95_output_fps,
    avg_output_fps AS jitter_coeff_fps,
    toUInt64(0) AS status_samples,
    avg_output_fps AS prompt_to_first_frame_ms,
    avg_output_fps AS startup_time_ms,
    avg_output_fps AS startup_time_s,
    avg_output_fps AS e2e_latency_ms,
    avg_output_fps AS p95_prompt_to_first_frame_ms,
    avg_output_fps AS p95_startup_time_ms,
    avg_output_fps AS p95_e2e_latency_ms,
    toUInt64(0) AS valid_prompt_to_first_frame_count,
    toUInt64(0) AS valid_startup_time_count,
    toUInt64(0) AS valid_e2e_latency_count,
    (excused_sessions + unexcused_sessions) / nullIf(known_sessions, 0) AS failure_rate,
    known_swapped_sessions / nullIf(known_sessions, 0) AS swap_rate
FROM v_api_sla_compliance AS starts
WHERE gpu_id != '';

-- MUTATION: without a known session the rates are 0
CREATE OR REPLACE VIEW v_api_gpu_metrics AS
SELECT
    starts.* EXCEPT (success_ratio, no_swap_ratio, sla_score, known_sessions),
    toUInt64(0) AS known_sessions,
    'card' AS gpu_name,
    toUInt64(0) AS gpu_memory_total,
    '' AS runner_version,
    '' AS cuda_version,
    CAST(NULL, 'Nullable(Float64)') AS avg_output_fps,
    avg_output_fps AS p95_output_fps,
    avg_output_fps AS jitter_coeff_fps,
    toUInt64(0) AS status_samples,
    avg_output_fps AS prompt_to_first_frame_ms,
    avg_output_fps AS startup_time_ms,
    avg_output_fps AS startup_time_s,
    avg_output_fps AS e2e_latency_ms,
    avg_output_fps AS p95_prompt_to_first_frame_ms,
    avg_output_fps AS p95_startup_time_ms,
    avg_output_fps AS p95_e2e_latency_ms,
    toUInt64(0) AS valid_prompt_to_first_frame_count,
    toUInt64(0) AS valid_startup_time_count,
    toUInt64(0) AS valid_e2e_latency_count,
    toFloat64(0) AS failure_rate,
    toFloat64(0) AS swap_rate
FROM v_api_sla_compliance AS starts
WHERE gpu_id != '';

-- MUTATION: rates are no numbers
CREATE OR REPLACE VIEW v_api_gpu_metrics AS
SELECT
    starts.* EXCEPT (success_ratio, no_swap_ratio, sla_score),
    'card' AS gpu_name,
    toUInt64(0) AS gpu_memory_total,
    '' AS runner_version,
    '' AS cuda_version,
    CAST(NULL, 'Nullable(Float64)') AS avg_output_fps,
    avg_output_fps AS p95_output_fps,
    avg_output_fps AS jitter_coeff_fps,
    toUInt64(0) AS status_samples,
    avg_output_fps AS prompt_to_first_frame_ms,
    avg_output_fps AS startup_time_ms,
    avg_output_fps AS startup_time_s,
    avg_output_fps AS e2e_latency_ms,
    avg_output_fps AS p95_prompt_to_first_frame_ms,
    avg_output_fps AS p95_startup_time_ms,
    avg_output_fps AS p95_e2e_latency_ms,
    toUInt64(0) AS valid_prompt_to_first_frame_count,
    toUInt64(0) AS valid_startup_time_count,
    toUInt64(0) AS valid_e2e_latency_count,
    toNullable(nan) AS failure_rate,
    toNullable(nan) AS swap_rate
FROM v_api_sla_compliance AS starts
WHERE gpu_id != '';
