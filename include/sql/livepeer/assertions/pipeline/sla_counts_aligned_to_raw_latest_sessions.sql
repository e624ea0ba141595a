-- When this fails, the compliance view has rows without any session, misses rows, or has one twice. Expected is one row
-- for every hour, orchestrator, pipeline, model, GPU and region under which attributed sessions started.
-- LAYER: views

-- TEST: sla_counts_aligned_to_raw_latest_sessions
WITH
sides AS (
    SELECT
        dateTrunc('hour', session_start_ts) AS hour,
        orchestrator_address AS orchestrator,
        pipeline AS workflow,
        ifNull(model_id, '') AS model,
        ifNull(gpu_id, '') AS gpu,
        ifNull(region, '') AS place,
        0 AS is_view,
        groupArray(20)(workflow_session_id) AS ids
    FROM v_latest_sessions
    WHERE
        orchestrator_address != ''
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
        1 AS is_view,
        [] AS ids
    FROM v_api_sla_compliance
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
        min(is_view) = 0 AS expected,
        sum(is_view) AS in_view,
        groupArrayArray(20)(ids) AS session_ids
    FROM sides
    GROUP BY hour, orchestrator, workflow, model, gpu, place
)

SELECT
    view_rows != raw_rows OR raw_only_keys + view_only_keys > 0 AS failed_rows,
    multiIf(count() = 0, 'INFO', failed_rows > 0, 'FAIL', 'PASS') AS status,
    countIf(expected) AS raw_rows,
    sum(in_view) AS view_rows,
    countIf(in_view = 0) AS raw_only_keys,
    countIf(NOT expected) AS view_only_keys,
    groupArrayIf(20)(
        (hour, orchestrator, workflow, model, gpu, place, in_view), NOT expected OR in_view != 1
    ) AS failing_keys,
    groupArrayArrayIf(20)(session_ids, in_view != 1) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session with an orchestrator and no SLA row in the window', '')
        AS skip_reason
FROM by_key;

-- MUTATION: the gateway is left in the grain
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
    1 - known_swapped_sessions / nullIf(known_sessions, 0) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE starts.orchestrator_address != ''
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region, starts.gateway;

-- MUTATION: sessions that found no orchestrator are held against one without a name
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
    1 - known_swapped_sessions / nullIf(known_sessions, 0) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;
