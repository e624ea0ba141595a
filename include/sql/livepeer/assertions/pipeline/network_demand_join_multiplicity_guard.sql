-- When this fails, a key occurs twice in the demand view or in the hourly sessions that it adds up: every sum over them
-- is too high, and a join with another view multiplies rows.
-- LAYER: views

-- TEST: network_demand_join_multiplicity_guard
WITH
sides AS (
    SELECT
        (window_start, gateway, region, pipeline, model_id, '', '') AS key,
        1 AS is_view
    FROM v_api_network_demand
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        (window_start, gateway, region, pipeline, model_id, orchestrator_address, gpu_id) AS key,
        0 AS is_view
    FROM agg_reliability_1h
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
),

by_key AS (
    SELECT
        key,
        is_view,
        count() AS key_rows
    FROM sides
    GROUP BY key, is_view
)

SELECT
    countIf(key_rows > 1) AS failed_rows,
    countIf(NOT is_view) AS expected_keys,
    countIf(is_view) AS api_keys,
    countIf(NOT is_view AND key_rows > 1) AS expected_nonunique_keys,
    countIf(is_view AND key_rows > 1) AS api_nonunique_keys,
    groupArrayIf(20)((key, key_rows), key_rows > 1) AS nonunique_keys,
    if(count() = 0, 'nothing to judge: no session hour and no demand row in the window', '') AS skip_reason
FROM by_key;

-- MUTATION: the orchestrator is left in the grain of the demand view
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
GROUP BY window_start, gateway, region, pipeline, model_id, parts.orchestrator_address;

-- MUTATION: the hourly sessions are one row each
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
GROUP BY window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region, sessions.workflow_session_id;
