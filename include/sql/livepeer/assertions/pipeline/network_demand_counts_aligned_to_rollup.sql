-- When this fails, the demand view has rows without any samples or sessions, misses rows, or has one twice. Expected is
-- a row for every hour, gateway, region, pipeline and model with samples or session starts. Samples without a pipeline
-- belong to the pipeline of the sessions with the same other keys, if those have only one.
-- LAYER: views

-- TEST: network_demand_counts_aligned_to_rollup
WITH
starts AS (
    SELECT
        dateTrunc('hour', session_start_ts) AS hour,
        gateway,
        ifNull(region, '') AS place,
        pipeline AS workflow,
        ifNull(model_id, '') AS model
    FROM v_latest_sessions
    GROUP BY hour, gateway, place, workflow, model
),

only_workflows AS (
    SELECT
        hour,
        gateway,
        place,
        model,
        any(workflow) AS only_workflow
    FROM starts
    WHERE workflow != ''
    GROUP BY hour, gateway, place, model
    HAVING count() = 1
),

hours AS (
    SELECT
        dateTrunc('hour', window_start) AS hour,
        gateway,
        region AS place,
        pipeline AS workflow,
        model_id AS model
    FROM agg_stream_performance_1m
    GROUP BY hour, gateway, place, workflow, model
),

sides AS (
    SELECT
        hours.hour AS hour,
        hours.gateway AS gateway,
        hours.place AS place,
        if(hours.workflow = '', ifNull(only_workflows.only_workflow, ''), hours.workflow) AS pipe,
        hours.model AS model,
        0 AS is_view
    FROM hours
    LEFT JOIN only_workflows
        ON
            hours.hour = only_workflows.hour
            AND hours.gateway = only_workflows.gateway
            AND hours.place = only_workflows.place
            AND hours.model = only_workflows.model
    UNION ALL
    SELECT hour, gateway, place, workflow, model, 0 AS is_view
    FROM starts
    UNION ALL
    SELECT window_start, gateway, region, pipeline, model_id, 1 AS is_view
    FROM v_api_network_demand
),

by_key AS (
    SELECT
        hour,
        gateway,
        place,
        pipe,
        model,
        min(is_view) = 0 AS expected,
        sum(is_view) AS in_view
    FROM sides
    WHERE hour >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')}) AND hour < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY hour, gateway, place, pipe, model
)

SELECT
    view_rows != rollup_rows OR rollup_only_keys + view_only_keys > 0 AS failed_rows,
    multiIf(count() = 0, 'INFO', failed_rows > 0, 'FAIL', 'PASS') AS status,
    countIf(expected) AS rollup_rows,
    sum(in_view) AS view_rows,
    countIf(in_view = 0) AS rollup_only_keys,
    countIf(NOT expected) AS view_only_keys,
    groupArrayIf(20)((hour, gateway, place, pipe, model, in_view), NOT expected OR in_view != 1) AS failing_keys,
    if(count() = 0, 'nothing to judge: no minute, no session and no row of the demand view in the window', '')
        AS skip_reason
FROM by_key;

-- MUTATION: hours of nothing but sessions that found no orchestrator are invisible
CREATE OR REPLACE VIEW agg_reliability_1h AS
SELECT
    toDateTime64(dateTrunc('hour', sessions.session_start_ts), 3, 'UTC') AS window_start,
    sessions.gateway AS gateway,
    sessions.orchestrator_address AS orchestrator_address,
    sessions.pipeline AS pipeline,
    ifNull(sessions.model_id, '') AS model_id,
    ifNull(sessions.gpu_id, '') AS gpu_id,
    ifNull(sessions.region, '') AS region,
    count() AS sessions,
    countIf(sessions.known_stream) AS known_sessions,
    countIf(sessions.startup_success) AS startup_success_sessions,
    countIf(sessions.startup_excused) AS excused_sessions,
    countIf(sessions.startup_unexcused) AS unexcused_sessions,
    countIf(sessions.confirmed_swap_count > 0) AS confirmed_swapped_sessions,
    countIf(sessions.inferred_orchestrator_change_count > 0) AS inferred_orchestrator_change_sessions,
    countIf(sessions.confirmed_swap_count > 0 OR sessions.inferred_orchestrator_change_count > 0) AS swapped_sessions,
    countIf(
        sessions.known_stream
        AND (sessions.confirmed_swap_count > 0 OR sessions.inferred_orchestrator_change_count > 0)
    ) AS known_swapped_sessions
FROM v_latest_sessions AS sessions
WHERE sessions.orchestrator_address != ''
GROUP BY window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region;
