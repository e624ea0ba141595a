-- When this fails, demand can no longer be split by model or pipeline, and joins with GPU metrics or compliance
-- multiply rows. Columns are looked up by name. A nullable key column counts as missing, because all joins on it expect
-- blank and not null.
-- LAYER: views

-- TEST: network_demand_required_columns_present
WITH
['window_start', 'gateway', 'region', 'pipeline', 'model_id'] AS wanted,
groupArrayIf(name, type NOT LIKE '%Nullable(%') AS found
SELECT
    length(missing_columns) AS failed_rows,
    arrayFilter(wanted_column -> NOT has(found, wanted_column), wanted) AS missing_columns
FROM system.columns
WHERE database = currentDatabase() AND table = 'v_api_network_demand';

-- MUTATION: the model may be null
CREATE OR REPLACE VIEW v_api_network_demand AS
SELECT
    session_hour AS window_start,
    gateway,
    region,
    pipeline,
    nullIf(model_id, '') AS model_id,
    uniqExactMerge(streams_uniq_state) AS total_streams,
    uniqExactMerge(sessions_uniq_state) AS total_sessions,
    sum(inference_ms) / 60000 AS total_inference_minutes,
    if(sum(status_samples) > 0, avgMerge(output_fps_avg_state), NULL) AS avg_output_fps,
    sum(parts.known_sessions) AS known_sessions,
    sumIf(parts.known_sessions, orchestrator_address != '') AS served_sessions,
    sumIf(parts.known_sessions, orchestrator_address = '') AS unserved_sessions,
    served_sessions + unserved_sessions AS total_demand_sessions,
    sum(parts.unexcused_sessions) AS unexcused_sessions,
    sum(parts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(parts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(parts.swapped_sessions) AS swapped_sessions,
    unserved_sessions AS missing_capacity_count,
    1 - unexcused_sessions / nullIf(known_sessions, 0) AS success_ratio,
    toFloat64(sum(fee_wei)) / 1e18 AS fee_payment_eth
FROM v_demand_parts_1h AS parts
GROUP BY session_hour, gateway, region, pipeline, parts.model_id;

-- MUTATION: there is no such view
DROP VIEW v_api_network_demand;
