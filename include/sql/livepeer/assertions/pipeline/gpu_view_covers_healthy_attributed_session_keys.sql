-- When this fails, sessions that started successfully on a known GPU are missing from the row of that GPU for the hour
-- of their start: the orchestrator is not credited with its work. Or the row counts too many sessions: a join
-- multiplies them, or they belong to another hour.
-- LAYER: views

-- TEST: gpu_view_covers_healthy_attributed_session_keys
WITH
sides AS (
    SELECT
        dateTrunc('hour', session_start_ts) AS hour,
        orchestrator_address AS orchestrator,
        pipeline AS workflow,
        ifNull(model_id, '') AS model,
        assumeNotNull(gpu_id) AS gpu,
        ifNull(region, '') AS place,
        1 AS is_session,
        max(startup_success AND pipeline != '') AS is_healthy,
        [
            countIf(known_stream),
            countIf(startup_success),
            countIf(startup_excused),
            countIf(startup_unexcused),
            countIf(confirmed_swap_count > 0 OR inferred_orchestrator_change_count > 0)
        ] AS counts,
        groupArray(20)(workflow_session_id) AS ids
    FROM v_latest_sessions
    WHERE
        orchestrator_address != ''
        AND gpu_id != ''
        AND session_start_ts >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND session_start_ts < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
    GROUP BY hour, orchestrator, workflow, model, gpu, place
    UNION ALL
    SELECT
        window_start,
        orchestrator_address,
        pipeline,
        model_id,
        gpu_id,
        region,
        0 AS is_session,
        0 AS is_healthy,
        [known_sessions, startup_success_sessions, excused_sessions, unexcused_sessions, swapped_sessions] AS counts,
        [] AS ids
    FROM v_api_gpu_metrics
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
),

by_key AS (
    SELECT
        hour,
        orchestrator,
        workflow,
        model,
        gpu,
        place,
        max(is_healthy) = 1 AS eligible,
        min(is_session) = 0 AS served,
        eligible AND NOT served AS missing,
        sumForEachIf(counts, is_session) AS started,
        served AND sumForEachIf(counts, NOT is_session) != if(empty(started), [0, 0, 0, 0, 0], started) AS differs,
        groupArrayArray(20)(ids) AS session_ids
    FROM sides
    GROUP BY hour, orchestrator, workflow, model, gpu, place
)

SELECT
    countIf(missing OR differs) > 0 AS failed_rows,
    multiIf(failed_rows > 0, 'FAIL', eligible_session_keys = 0, 'INFO', 'PASS') AS status,
    countIf(eligible) AS eligible_session_keys,
    countIf(served) AS gpu_view_keys,
    countIf(missing) AS missing_gpu_keys,
    countIf(differs) AS keys_with_other_counts,
    groupArrayIf(20)(
        concat(toString(hour), '|', orchestrator, '|', workflow, '|', model, '|', gpu, '|', place), missing
    ) AS missing_key_examples,
    groupArrayIf(20)((hour, orchestrator, workflow, model, gpu, place), differs) AS keys_that_count_others,
    groupArrayArrayIf(20)(session_ids, missing OR differs) AS failing_workflow_session_ids,
    if(status = 'INFO', 'nothing to judge: no session started well on a known GPU in the window', '')
        AS skip_reason
FROM by_key;

-- MUTATION: only hours with samples have rows, not those in which sessions started
CREATE OR REPLACE VIEW v_api_gpu_metrics AS
WITH CAST(NULL, 'Nullable(Float64)') AS unknown
SELECT
    toDateTime64(dateTrunc('hour', samples.sample_ts), 3, 'UTC') AS window_start,
    samples.orchestrator_address AS orchestrator_address,
    samples.pipeline AS pipeline,
    samples.model_id AS model_id,
    samples.gpu_id AS gpu_id,
    samples.region AS region,
    '' AS gpu_name,
    unknown AS gpu_memory_total,
    '' AS runner_version,
    '' AS cuda_version,
    avg(samples.output_fps) AS avg_output_fps,
    quantileTDigest(0.95)(samples.output_fps) AS p95_output_fps,
    unknown AS jitter_coeff_fps,
    count() AS status_samples,
    unknown AS prompt_to_first_frame_ms,
    unknown AS startup_time_ms,
    unknown AS startup_time_s,
    unknown AS e2e_latency_ms,
    unknown AS p95_prompt_to_first_frame_ms,
    unknown AS p95_startup_time_ms,
    unknown AS p95_e2e_latency_ms,
    0 AS valid_prompt_to_first_frame_count,
    0 AS valid_startup_time_count,
    0 AS valid_e2e_latency_count,
    0 AS known_sessions,
    0 AS startup_success_sessions,
    0 AS excused_sessions,
    0 AS unexcused_sessions,
    0 AS confirmed_swapped_sessions,
    0 AS inferred_orchestrator_change_sessions,
    0 AS swapped_sessions,
    unknown AS failure_rate,
    unknown AS swap_rate,
    0 AS known_swapped_sessions
FROM v_filled_status_samples AS samples
WHERE samples.orchestrator_address != '' AND samples.gpu_id != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: a session has two latency rows, and counts twice
CREATE OR REPLACE VIEW v_latest_latency_samples AS
SELECT samples.*
FROM fact_workflow_latency_samples AS samples FINAL
ARRAY JOIN [1, 2] AS copies
WHERE samples.sample_ts > toDateTime64('2000-01-01 00:00:00', 3, 'UTC');
