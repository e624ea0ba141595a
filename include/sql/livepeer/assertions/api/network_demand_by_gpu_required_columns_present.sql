-- When this fails, demand can no longer be split by GPU or by type of GPU. Columns are looked up by name. A nullable
-- column counts as missing, because both columns are keys of reports.
-- LAYER: views

-- TEST: network_demand_by_gpu_required_columns_present
WITH
['gpu_id', 'gpu_type'] AS wanted,
groupArrayIf(name, type NOT LIKE '%Nullable(%') AS found
SELECT
    length(missing_columns) AS failed_rows,
    arrayFilter(wanted_column -> NOT has(found, wanted_column), wanted) AS missing_columns
FROM system.columns
WHERE database = currentDatabase() AND table = 'v_api_network_demand_by_gpu';

-- MUTATION: the view forgets what kind of GPU it was
CREATE OR REPLACE VIEW v_api_network_demand_by_gpu AS
SELECT
    hour AS window_start,
    gateway,
    orchestrator_address,
    region,
    pipeline,
    model_id,
    gpu_id,
    uniqExactMerge(streams_uniq_state) AS total_streams,
    uniqExactMerge(sessions_uniq_state) AS total_sessions,
    sum(inference_ms) / 60000 AS inference_minutes_by_gpu_type,
    sum(inference_ms) / 60000 AS used_inference_minutes,
    CAST(NULL, 'Nullable(Float64)') AS available_capacity_minutes,
    CAST(NULL, 'Nullable(Float64)') AS capacity_rate,
    sum(parts.known_sessions) AS known_sessions,
    sum(parts.unexcused_sessions) AS unexcused_sessions,
    sum(parts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(parts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(parts.swapped_sessions) AS swapped_sessions,
    if(orchestrator_address = '', known_sessions, 0) AS missing_capacity_count,
    toFloat64(sum(fee_wei)) / 1e18 AS fee_payment_eth
FROM v_demand_parts_1h AS parts
GROUP BY hour, gateway, orchestrator_address, region, pipeline, model_id, gpu_id
HAVING sum(status_samples) > 0;

-- MUTATION: there is no such view
DROP VIEW v_api_network_demand_by_gpu;
