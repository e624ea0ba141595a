-- When this fails, an hour in which streams were requested is missing from the demand chart: an outage looks like a
-- night without customers.
-- LAYER: views

-- TEST: demand_has_rows_for_all_session_hours
WITH
sides AS (
    SELECT
        dateTrunc('hour', session_start_ts) AS hour,
        1 AS is_session,
        groupArray(20)(workflow_session_id) AS ids
    FROM v_latest_sessions
    WHERE
        session_start_ts >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND session_start_ts < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
    GROUP BY hour
    UNION ALL
    SELECT DISTINCT
        window_start,
        0 AS is_session,
        [] AS ids
    FROM v_api_network_demand
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
),

by_hour AS (
    SELECT
        hour,
        max(is_session) = 1 AS has_sessions,
        min(is_session) = 0 AS served,
        has_sessions AND NOT served AS missing,
        groupArrayArray(20)(ids) AS session_ids
    FROM sides
    GROUP BY hour
)

SELECT
    countIf(missing) > 0 AS failed_rows,
    multiIf(session_hours = 0, 'INFO', missing_demand_hours > 0, 'FAIL', 'PASS') AS status,
    countIf(has_sessions) AS session_hours,
    countIf(served) AS demand_hours,
    countIf(missing) AS missing_demand_hours,
    arraySort(groupArrayIf(20)(toString(hour), missing)) AS missing_hours,
    groupArrayArrayIf(20)(session_ids, missing) AS failing_workflow_session_ids,
    if(session_hours = 0, 'nothing to judge: no session started in the window', '') AS skip_reason
FROM by_hour;

-- MUTATION: the hour that is not over yet is left out
CREATE OR REPLACE VIEW v_api_network_demand AS
SELECT
    parts.hour AS window_start,
    parts.gateway AS gateway,
    parts.region AS region,
    parts.pipeline AS pipeline,
    parts.model_id AS model_id,
    uniqExactMerge(parts.streams_uniq_state) AS total_streams,
    uniqExactMerge(parts.sessions_uniq_state) AS total_sessions,
    sum(parts.inference_ms) / 60000 AS total_inference_minutes,
    if(sum(parts.status_samples) > 0, avgMerge(parts.output_fps_avg_state), NULL) AS avg_output_fps,
    sum(parts.known_sessions) AS known_sessions,
    sumIf(parts.known_sessions, parts.orchestrator_address != '') AS served_sessions,
    sumIf(parts.known_sessions, parts.orchestrator_address = '') AS unserved_sessions,
    served_sessions + unserved_sessions AS total_demand_sessions,
    sum(parts.unexcused_sessions) AS unexcused_sessions,
    sum(parts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(parts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(parts.swapped_sessions) AS swapped_sessions,
    unserved_sessions AS missing_capacity_count,
    1 - unexcused_sessions / nullIf(known_sessions, 0) AS success_ratio,
    toFloat64(sum(parts.fee_wei)) / 1e18 AS fee_payment_eth
FROM v_demand_parts_1h AS parts
WHERE parts.hour < (SELECT dateTrunc('hour', max(session_start_ts)) FROM fact_workflow_sessions)
GROUP BY window_start, gateway, region, pipeline, model_id;
