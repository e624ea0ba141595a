-- When this fails, compliance differs from the sessions: an orchestrator is blamed for sessions of others, or sessions
-- are counted once per version or left out. Every key of either side is compared, also when the other side does not
-- have it. The latest versions are taken first, then the window; sessions without an orchestrator are not counted.
-- LAYER: views

-- TEST: sla_recompute_parity_vs_latest_sessions
WITH
sides AS (
    SELECT
        toDateTime64(dateTrunc('hour', session_start_ts), 3, 'UTC') AS hour,
        orchestrator_address,
        pipeline,
        ifNull(model_id, '') AS model,
        ifNull(gpu_id, '') AS gpu,
        ifNull(region, '') AS area,
        1 AS from_sessions,
        0 AS from_view,
        [
            known_stream,
            startup_unexcused,
            confirmed_swap_count > 0 OR inferred_orchestrator_change_count > 0
        ]::Array(Int64) AS counters
    FROM v_latest_sessions
    WHERE
        orchestrator_address != ''
        AND session_start_ts >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND session_start_ts < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
    UNION ALL
    SELECT
        window_start,
        ifNull(orchestrator_address, ''),
        ifNull(pipeline, ''),
        ifNull(model_id, ''),
        ifNull(gpu_id, ''),
        ifNull(region, ''),
        0,
        1,
        [-known_sessions, -unexcused_sessions, -swapped_sessions]
    FROM v_api_sla_compliance
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
),

compared AS (
    SELECT
        (hour, orchestrator_address, pipeline, model, gpu, area) AS sla_key,
        sum(from_sessions) AS sessions,
        sum(from_view) AS view_rows,
        sumForEach(counters) AS differences,
        (sessions > 0) != (view_rows > 0) OR view_rows > 1 OR arrayExists(d -> d != 0, differences) AS differs
    FROM sides
    GROUP BY hour, orchestrator_address, pipeline, model, gpu, area
)

SELECT
    countIf(differs) AS failed_rows,
    countIf(sessions > 0 AND view_rows > 0) AS joined_rows,
    countIf(view_rows = 0) AS session_only_keys,
    countIf(sessions = 0) AS view_only_keys,
    sum(abs(differences[1])) AS total_known_diff,
    sum(abs(differences[2])) AS total_unexcused_diff,
    sum(abs(differences[3])) AS total_swapped_diff,
    groupArrayIf(20)((sla_key, sessions, view_rows, differences), differs)
        AS key_sessions_rows_known_unexcused_swapped_diff,
    if(count() = 0, 'nothing to judge: no session of a known orchestrator in the window', '') AS skip_reason
FROM compared;

-- MUTATION: excused failures are counted as unexcused
CREATE OR REPLACE VIEW v_api_sla_compliance AS
SELECT
    window_start,
    orchestrator_address,
    pipeline,
    model_id,
    gpu_id,
    region,
    sum(starts.known_sessions) AS known_sessions,
    sum(starts.startup_success_sessions) AS startup_success_sessions,
    sum(starts.excused_sessions) AS excused_sessions,
    sum(starts.unexcused_sessions + starts.excused_sessions) AS unexcused_sessions,
    sum(starts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(starts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(starts.swapped_sessions) AS swapped_sessions,
    1 - unexcused_sessions / nullIf(known_sessions, 0) AS success_ratio,
    1 - known_swapped_sessions / nullIf(known_sessions, 0) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE orchestrator_address != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: sessions without a GPU are left out
CREATE OR REPLACE VIEW v_api_sla_compliance AS
SELECT
    window_start,
    orchestrator_address,
    pipeline,
    model_id,
    gpu_id,
    region,
    sum(starts.known_sessions) AS known_sessions,
    sum(starts.startup_success_sessions) AS startup_success_sessions,
    sum(starts.excused_sessions) AS excused_sessions,
    sum(starts.unexcused_sessions) AS unexcused_sessions,
    sum(starts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(starts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(starts.swapped_sessions) AS swapped_sessions,
    1 - unexcused_sessions / nullIf(known_sessions, 0) AS success_ratio,
    1 - known_swapped_sessions / nullIf(known_sessions, 0) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE orchestrator_address != '' AND gpu_id != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: the view serves nothing
CREATE OR REPLACE VIEW v_api_sla_compliance AS
SELECT
    window_start,
    orchestrator_address,
    pipeline,
    model_id,
    gpu_id,
    region,
    sum(starts.known_sessions) AS known_sessions,
    sum(starts.startup_success_sessions) AS startup_success_sessions,
    sum(starts.excused_sessions) AS excused_sessions,
    sum(starts.unexcused_sessions) AS unexcused_sessions,
    sum(starts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(starts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(starts.swapped_sessions) AS swapped_sessions,
    1 - unexcused_sessions / nullIf(known_sessions, 0) AS success_ratio,
    1 - known_swapped_sessions / nullIf(known_sessions, 0) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE orchestrator_address = 'nobody'
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;
