-- When this fails, a latency is negative or NaN: two milestones of a session are in the wrong order, or an absent time
-- was used as a time. An average over such values is wrong by hours, but looks plausible.
-- LAYER: views

-- TEST: gpu_metrics_latency_fields_nonnegative
WITH
[
    prompt_to_first_frame_ms, startup_time_ms, startup_time_s, e2e_latency_ms,
    p95_prompt_to_first_frame_ms, p95_startup_time_ms, p95_e2e_latency_ms
] AS latencies,
arrayExists(value -> ifNull(value < 0 OR NOT isFinite(value), 0), latencies) AS is_wrong
SELECT
    countIf(is_wrong) AS failed_rows,
    count() AS rows_checked,
    countIf(arrayExists(value -> value IS NOT NULL, latencies)) AS rows_with_latency,
    groupArrayIf(20)(
        (window_start, orchestrator_address, pipeline, model_id, gpu_id, region, latencies), is_wrong
    ) AS key_and_latencies,
    if(rows_checked = 0, 'nothing to judge: no row of v_api_gpu_metrics in the window', '') AS skip_reason
FROM v_api_gpu_metrics
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: a session is playable before it is processed
ALTER TABLE fact_workflow_latency_samples UPDATE startup_time_ms = -10000000
WHERE workflow_session_id = (
    SELECT max(workflow_session_id)
    FROM v_latest_latency_samples
    WHERE has_startup_time AND orchestrator_address != '' AND gpu_id != ''
);

-- MUTATION: a latency is no number
ALTER TABLE fact_workflow_latency_samples UPDATE e2e_latency_ms = nan
WHERE workflow_session_id = (
    SELECT max(workflow_session_id)
    FROM v_latest_latency_samples
    WHERE has_e2e_latency AND orchestrator_address != '' AND gpu_id != ''
);
