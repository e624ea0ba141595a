-- When this fails, an API view has several rows for one key of its documented grain: a chart shows one of them, a sum
-- includes all of them, and no reader can know which is right.
-- LAYER: views

-- TEST: api_view_keys_unique
WITH
keys AS (
    SELECT
        'v_api_gpu_metrics' AS view,
        (window_start, '', orchestrator_address, region, pipeline, model_id, gpu_id) AS key
    FROM v_api_gpu_metrics
    UNION ALL
    SELECT
        'v_api_network_demand' AS view,
        (window_start, gateway, '', region, pipeline, model_id, '') AS key
    FROM v_api_network_demand
    UNION ALL
    SELECT
        'v_api_network_demand_by_gpu' AS view,
        (window_start, gateway, orchestrator_address, region, pipeline, model_id, gpu_id) AS key
    FROM v_api_network_demand_by_gpu
    UNION ALL
    SELECT
        'v_api_sla_compliance' AS view,
        (window_start, '', orchestrator_address, region, pipeline, model_id, gpu_id) AS key
    FROM v_api_sla_compliance
),

by_key AS (
    SELECT
        view,
        key,
        count() AS key_rows
    FROM keys
    WHERE key.1 >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')}) AND key.1 < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY view, key
)

SELECT
    countIf(key_rows > 1) AS failed_rows,
    count() AS keys_checked,
    sum(key_rows) AS rows_checked,
    uniqExact(view) AS views_with_rows,
    groupArrayIf(20)((view, key, key_rows), key_rows > 1) AS view_key_rows,
    if(keys_checked = 0, 'nothing to judge: no API view has a row in the window', '') AS skip_reason
FROM by_key;

-- MUTATION: a GPU has two cards, so that views join each of its rows twice
CREATE OR REPLACE VIEW v_current_gpus AS
SELECT
    orchestrator_address,
    model_id,
    assumeNotNull(gpu_id) AS gpu_id,
    gpu_name,
    gpu_memory_total,
    runner_version,
    concat(toString(gpu_major), '.', toString(gpu_minor)) AS cuda_version
FROM dim_orchestrator_capability_current
ARRAY JOIN [1, 2] AS card
WHERE gpu_id != '';

-- MUTATION: the gateway is left in the grain of the SLA view
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
