-- When this fails, an orchestrator's compliance ratio is below 0, above 1, or null although sessions are known:
-- payments and promises based on it are wrong.
-- LAYER: views

-- TEST: sla_ratios_in_bounds
WITH judged AS (
    SELECT
        (window_start, orchestrator_address, pipeline, model_id, gpu_id, region) AS key,
        known_sessions > 0 AND (success_ratio IS NULL OR no_swap_ratio IS NULL) AS is_unstated,
        ifNull(NOT (success_ratio >= 0 AND success_ratio <= 1), 0) AS success_out,
        ifNull(NOT (no_swap_ratio >= 0 AND no_swap_ratio <= 1), 0) AS no_swap_out
    FROM v_api_sla_compliance
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    sum(is_unstated + success_out + no_swap_out) AS failed_rows,
    count() AS rows_checked,
    sum(success_out) AS success_ratios_out_of_bounds,
    sum(no_swap_out) AS no_swap_ratios_out_of_bounds,
    sum(is_unstated) AS ratios_unstated,
    groupArrayIf(20)(key, is_unstated OR success_out OR no_swap_out) AS failing_keys,
    if(rows_checked = 0, 'nothing to judge: the SLA view has no row in the window', '') AS skip_reason
FROM judged;

-- MUTATION: a session that swapped in both ways counts twice
CREATE OR REPLACE VIEW v_api_sla_compliance AS
SELECT
    starts.window_start AS window_start,
    starts.orchestrator_address AS orchestrator_address,
    starts.pipeline AS pipeline,
    starts.model_id AS model_id,
    starts.gpu_id AS gpu_id,
    starts.region AS region,
    sum(starts.known_sessions) AS known_sessions,
    sum(starts.startup_success_sessions) AS startup_success_sessions,
    sum(starts.excused_sessions) AS excused_sessions,
    sum(starts.unexcused_sessions) AS unexcused_sessions,
    sum(starts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(starts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(starts.swapped_sessions) AS swapped_sessions,
    1 - unexcused_sessions / nullIf(known_sessions, 0) AS success_ratio,
    1 - (confirmed_swapped_sessions + inferred_orchestrator_change_sessions) / nullIf(known_sessions, 0)
        AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE starts.orchestrator_address != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: a success ratio counts those that failed among those that succeeded
CREATE OR REPLACE VIEW v_api_sla_compliance AS
SELECT
    starts.window_start AS window_start,
    starts.orchestrator_address AS orchestrator_address,
    starts.pipeline AS pipeline,
    starts.model_id AS model_id,
    starts.gpu_id AS gpu_id,
    starts.region AS region,
    sum(starts.known_sessions) AS known_sessions,
    sum(starts.startup_success_sessions) AS startup_success_sessions,
    sum(starts.excused_sessions) AS excused_sessions,
    sum(starts.unexcused_sessions) AS unexcused_sessions,
    sum(starts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(starts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(starts.swapped_sessions) AS swapped_sessions,
    1 + excused_sessions / nullIf(known_sessions, 0) AS success_ratio,
    1 - known_swapped_sessions / nullIf(known_sessions, 0) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE starts.orchestrator_address != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: hours without a failure have no ratio
CREATE OR REPLACE VIEW v_api_sla_compliance AS
SELECT
    starts.window_start AS window_start,
    starts.orchestrator_address AS orchestrator_address,
    starts.pipeline AS pipeline,
    starts.model_id AS model_id,
    starts.gpu_id AS gpu_id,
    starts.region AS region,
    sum(starts.known_sessions) AS known_sessions,
    sum(starts.startup_success_sessions) AS startup_success_sessions,
    sum(starts.excused_sessions) AS excused_sessions,
    sum(starts.unexcused_sessions) AS unexcused_sessions,
    sum(starts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(starts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(starts.swapped_sessions) AS swapped_sessions,
    1 - excused_sessions / nullIf(excused_sessions, 0) AS success_ratio,
    1 - known_swapped_sessions / nullIf(known_sessions, 0) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE starts.orchestrator_address != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;
