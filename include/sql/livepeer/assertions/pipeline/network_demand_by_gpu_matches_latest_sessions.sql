-- When this fails, the demand of a GPU counts its sessions wrongly: once per version, once per gateway, or not at all.
-- Expected is a row for every hour that has samples, with the newest rows of the sessions that started in it. A row
-- without a GPU gets that of the newest such session that has one.
-- LAYER: views

-- TEST: network_demand_by_gpu_matches_latest_sessions
WITH
sides AS (
    SELECT
        'session' AS side,
        dateTrunc('hour', session_start_ts) AS hour,
        gateway,
        orchestrator_address AS orchestrator,
        ifNull(region, '') AS place,
        pipeline AS workflow,
        ifNull(model_id, '') AS model,
        ifNull(gpu_id, '') AS gpu,
        (session_start_ts, workflow_session_id) AS began,
        0 AS samples,
        arrayMap(
            flag -> toInt64(flag),
            [
                known_stream,
                startup_unexcused,
                confirmed_swap_count > 0,
                inferred_orchestrator_change_count > 0,
                confirmed_swap_count > 0 OR inferred_orchestrator_change_count > 0
            ]
        ) AS counts
    FROM v_latest_sessions
    UNION ALL
    SELECT
        'samples' AS side,
        dateTrunc('hour', sample_ts) AS hour,
        gateway,
        orchestrator_address AS orchestrator,
        ifNull(region, '') AS place,
        pipeline AS workflow,
        ifNull(model_id, '') AS model,
        ifNull(gpu_id, '') AS gpu,
        (hour, '') AS began,
        count() AS samples,
        [0, 0, 0, 0, 0] AS counts
    FROM fact_stream_status_samples
    GROUP BY hour, gateway, orchestrator, place, workflow, model, gpu
    UNION ALL
    SELECT
        'view' AS side,
        window_start,
        gateway,
        orchestrator_address,
        region,
        pipeline,
        model_id,
        gpu_id,
        (window_start, '') AS began,
        0 AS samples,
        arrayMap(
            counter -> toInt64(counter),
            [
                known_sessions,
                unexcused_sessions,
                confirmed_swapped_sessions,
                inferred_orchestrator_change_sessions,
                swapped_sessions
            ]
        ) AS counts
    FROM v_api_network_demand_by_gpu
),

filled AS (
    SELECT
        *,
        argMaxIf(gpu, began, side = 'session' AND gpu != '') OVER (
            PARTITION BY hour, gateway, orchestrator, place, workflow, model
        ) AS newest_gpu,
        if(gpu = '' AND side != 'view', newest_gpu, gpu) AS filled_gpu
    FROM sides
    WHERE hour >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')}) AND hour < {to_ts:DateTime64(3, 'UTC')}
),

by_key AS (
    SELECT
        (hour, gateway, orchestrator, place, workflow, model, filled_gpu) AS key,
        sum(samples) > 0 AS expected,
        countIf(side = 'view') AS in_view,
        sumForEachIf(counts, side = 'session') AS started,
        sumForEachIf(counts, side = 'view') AS served,
        expected AND in_view = 0 AS is_lost,
        NOT expected AND in_view > 0 AS is_invented,
        in_view > 0 AND served != if(empty(started), [0, 0, 0, 0, 0], started) AS differs,
        groupArrayIf(20)(began.2, side = 'session') AS session_ids
    FROM filled
    GROUP BY key
)

SELECT
    countIf(is_lost OR is_invented OR differs) AS failed_rows,
    countIf(expected) AS expected_rows,
    sum(in_view) AS view_rows,
    countIf(is_lost) AS missing_keys,
    countIf(is_invented) AS view_only_keys,
    countIf(differs) AS keys_with_other_counts,
    countIf(NOT expected AND in_view = 0) AS session_keys_without_samples,
    groupArrayIf(20)((key, started, served), is_lost OR is_invented OR differs) AS key_started_served,
    groupArrayArrayIf(20)(session_ids, is_lost OR is_invented OR differs) AS failing_workflow_session_ids,
    if(
        expected_rows = 0 AND view_rows = 0,
        'nothing to judge: no status sample and no row of the demand-by-GPU view in the window',
        ''
    ) AS skip_reason
FROM by_key;

-- MUTATION: sessions are joined without the gateway
CREATE OR REPLACE VIEW v_api_network_demand_by_gpu AS
SELECT
    parts.hour AS window_start,
    parts.gateway AS gateway,
    parts.orchestrator_address AS orchestrator_address,
    parts.region AS region,
    parts.pipeline AS pipeline,
    parts.model_id AS model_id,
    parts.gpu_id AS gpu_id,
    'unknown' AS gpu_type,
    uniqExactMerge(parts.streams_uniq_state) AS total_streams,
    uniqExactMerge(parts.sessions_uniq_state) AS total_sessions,
    sum(parts.inference_ms) / 60000 AS inference_minutes_by_gpu_type,
    sum(parts.inference_ms) / 60000 AS used_inference_minutes,
    CAST(NULL, 'Nullable(Float64)') AS available_capacity_minutes,
    CAST(NULL, 'Nullable(Float64)') AS capacity_rate,
    sum(sum(parts.known_sessions)) OVER (PARTITION BY parts.hour, parts.orchestrator_address, parts.gpu_id)
        AS known_sessions,
    sum(parts.unexcused_sessions) AS unexcused_sessions,
    sum(parts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(parts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(parts.swapped_sessions) AS swapped_sessions,
    if(orchestrator_address = '', known_sessions, 0) AS missing_capacity_count,
    toFloat64(sum(parts.fee_wei)) / 1e18 AS fee_payment_eth
FROM v_demand_parts_1h AS parts
GROUP BY parts.hour, parts.gateway, orchestrator_address, region, pipeline, model_id, gpu_id
HAVING sum(parts.status_samples) > 0;

-- MUTATION: hours have rows in which only sessions started
CREATE OR REPLACE VIEW v_api_network_demand_by_gpu AS
SELECT
    parts.hour AS window_start,
    parts.gateway AS gateway,
    parts.orchestrator_address AS orchestrator_address,
    parts.region AS region,
    parts.pipeline AS pipeline,
    parts.model_id AS model_id,
    parts.gpu_id AS gpu_id,
    'unknown' AS gpu_type,
    uniqExactMerge(parts.streams_uniq_state) AS total_streams,
    uniqExactMerge(parts.sessions_uniq_state) AS total_sessions,
    sum(parts.inference_ms) / 60000 AS inference_minutes_by_gpu_type,
    sum(parts.inference_ms) / 60000 AS used_inference_minutes,
    CAST(NULL, 'Nullable(Float64)') AS available_capacity_minutes,
    CAST(NULL, 'Nullable(Float64)') AS capacity_rate,
    sum(parts.known_sessions) AS known_sessions,
    sum(parts.unexcused_sessions) AS unexcused_sessions,
    sum(parts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(parts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(parts.swapped_sessions) AS swapped_sessions,
    if(orchestrator_address = '', known_sessions, 0) AS missing_capacity_count,
    toFloat64(sum(parts.fee_wei)) / 1e18 AS fee_payment_eth
FROM v_demand_parts_1h AS parts
GROUP BY window_start, gateway, orchestrator_address, region, pipeline, model_id, gpu_id;
