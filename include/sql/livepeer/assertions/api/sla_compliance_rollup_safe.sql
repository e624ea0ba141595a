-- When this fails, a compliance ratio differs from its own counters. A report that adds up counters and one that shows
-- the ratio then disagree about an orchestrator. With known sessions there must be a ratio; without, it must be null,
-- because a number would be read as a score.
-- LAYER: views

-- TEST: sla_compliance_rollup_safe
WITH
1 - unexcused_sessions / nullIf(known_sessions, 0) AS expected_success,
1 - known_swapped_sessions / nullIf(known_sessions, 0) AS expected_no_swap,
isNull(success_ratio) != isNull(expected_success)
OR ifNull(NOT (abs(success_ratio - expected_success) <= 1e-6), 0) AS wrong_success,
isNull(no_swap_ratio) != isNull(expected_no_swap)
OR ifNull(NOT (abs(no_swap_ratio - expected_no_swap) <= 1e-6), 0) AS wrong_no_swap,
isNull(sla_score) != isNull(expected_success)
OR ifNull(NOT (abs(sla_score - 100 * (0.7 * expected_success + 0.3 * expected_no_swap)) <= 1e-6), 0) AS wrong_score
SELECT
    countIf(wrong_success OR wrong_no_swap OR wrong_score) AS failed_rows,
    count() AS rows_checked,
    countIf(known_sessions > 0) AS rows_with_sessions,
    countIf(wrong_success) AS rows_of_another_success_ratio,
    countIf(wrong_no_swap) AS rows_of_another_no_swap_ratio,
    countIf(wrong_score) AS rows_of_another_score,
    groupArrayIf(20)(
        (
            window_start, orchestrator_address, pipeline, model_id, gpu_id, region, known_sessions,
            unexcused_sessions, success_ratio, known_swapped_sessions, no_swap_ratio, sla_score
        ),
        wrong_success OR wrong_no_swap OR wrong_score
    ) AS key_known_unexcused_success_swapped_no_swap_score,
    if(rows_checked = 0, 'nothing to judge: no row of v_api_sla_compliance in the window', '') AS skip_reason
FROM v_api_sla_compliance
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: excused failures lower the ratio
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
    1 - (unexcused_sessions + excused_sessions) / nullIf(known_sessions, 0) AS success_ratio,
    1 - known_swapped_sessions / nullIf(known_sessions, 0) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE orchestrator_address != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: a key without a known session has a perfect score
CREATE OR REPLACE VIEW v_api_sla_compliance AS
SELECT
    window_start,
    orchestrator_address,
    pipeline,
    model_id,
    gpu_id,
    region,
    toUInt64(0) AS known_sessions,
    sum(starts.startup_success_sessions) AS startup_success_sessions,
    sum(starts.excused_sessions) AS excused_sessions,
    sum(starts.unexcused_sessions) AS unexcused_sessions,
    sum(starts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(starts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(starts.swapped_sessions) AS swapped_sessions,
    toNullable(toFloat64(1)) AS success_ratio,
    toNullable(toFloat64(1)) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE orchestrator_address != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: success and swaps weigh the same
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
    100 * (0.5 * success_ratio + 0.5 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE orchestrator_address != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: a score is no number
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
    toNullable(nan) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE orchestrator_address != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;
