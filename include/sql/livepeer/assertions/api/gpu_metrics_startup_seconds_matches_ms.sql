-- When this fails, the same startup time is served with two different values: a reader of the seconds and a reader of
-- the milliseconds draw different conclusions. Both columns must be set, or neither.
-- LAYER: views

-- TEST: gpu_metrics_startup_seconds_matches_ms
WITH
isNull(startup_time_s) != isNull(startup_time_ms) AS one_is_missing,
ifNull(NOT (abs(startup_time_s - startup_time_ms / 1000) <= 1e-6), 0) AS differs
SELECT
    countIf(one_is_missing OR differs) AS failed_rows,
    count() AS rows_checked,
    count(startup_time_ms) AS rows_with_startup_time,
    groupArrayIf(20)(
        (window_start, orchestrator_address, pipeline, model_id, gpu_id, region, startup_time_ms, startup_time_s),
        one_is_missing OR differs
    ) AS key_ms_seconds,
    if(
        rows_with_startup_time = 0 AND failed_rows = 0,
        'nothing to judge: no startup time in v_api_gpu_metrics in the window',
        ''
    ) AS skip_reason
FROM v_api_gpu_metrics
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: seconds are rounded
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
    toNullable(1455.) AS startup_time_ms,
    toNullable(1.) AS startup_time_s,
    avg_output_fps AS e2e_latency_ms,
    avg_output_fps AS p95_prompt_to_first_frame_ms,
    avg_output_fps AS p95_startup_time_ms,
    avg_output_fps AS p95_e2e_latency_ms,
    toUInt64(0) AS valid_prompt_to_first_frame_count,
    toUInt64(1) AS valid_startup_time_count,
    toUInt64(0) AS valid_e2e_latency_count,
    unexcused_sessions / nullIf(known_sessions, 0) AS failure_rate,
    known_swapped_sessions / nullIf(known_sessions, 0) AS swap_rate
FROM v_api_sla_compliance AS starts
WHERE gpu_id != '';

-- MUTATION: a startup time is no number
ALTER TABLE fact_workflow_latency_samples UPDATE startup_time_ms = nan
WHERE workflow_session_id = (
    SELECT max(workflow_session_id)
    FROM v_latest_latency_samples
    WHERE has_startup_time AND orchestrator_address != '' AND gpu_id != ''
);
