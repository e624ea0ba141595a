-- When this fails, use or capacity of GPUs is negative or NaN, or a model used more than 1.5 times what its
-- orchestrator offered: inference time is counted several times, or capacity is read from the wrong rows. A use
-- slightly above the offer is normal, because offers are announced only now and then while use is counted in each hour.
-- LAYER: views

-- TEST: network_demand_by_gpu_capacity_fields_nonnegative
WITH
[
    inference_minutes_by_gpu_type, used_inference_minutes, available_capacity_minutes, capacity_rate, fee_payment_eth
] AS amounts,
arrayExists(amount -> ifNull(amount < 0 OR NOT isFinite(amount), 0), amounts) AS is_no_amount,
ifNull(NOT (capacity_rate <= 1.5), 0) AS is_overused
SELECT
    countIf(is_no_amount OR is_overused) AS failed_rows,
    count() AS rows_checked,
    count(capacity_rate) AS rows_with_capacity,
    countIf(is_no_amount) AS rows_without_a_valid_amount,
    countIf(is_overused) AS rows_overused,
    groupArrayIf(20)(
        (window_start, gateway, orchestrator_address, region, pipeline, model_id, gpu_id, amounts),
        is_no_amount OR is_overused
    ) AS key_and_minutes_used_available_rate,
    if(rows_checked = 0, 'nothing to judge: no row of v_api_network_demand_by_gpu in the window', '') AS skip_reason
FROM v_api_network_demand_by_gpu
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: every sample vouches for an hour
CREATE OR REPLACE VIEW v_inference_time_1h AS
SELECT
    toDateTime64(dateTrunc('hour', samples.sample_ts), 3, 'UTC') AS window_start,
    samples.gateway AS gateway,
    samples.orchestrator_address AS orchestrator_address,
    samples.pipeline AS pipeline,
    ifNull(samples.model_id, '') AS model_id,
    ifNull(samples.gpu_id, '') AS gpu_id,
    ifNull(samples.region, '') AS region,
    toUInt64(count() * 3600000) AS inference_ms
FROM fact_stream_status_samples AS samples
GROUP BY window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region;

-- MUTATION: capacity is below zero
CREATE OR REPLACE VIEW v_api_network_demand_by_gpu AS
SELECT
    hour AS window_start,
    gateway,
    orchestrator_address,
    region,
    pipeline,
    model_id,
    gpu_id,
    'card' AS gpu_type,
    uniqExactMerge(streams_uniq_state) AS total_streams,
    uniqExactMerge(sessions_uniq_state) AS total_sessions,
    sum(inference_ms) / 60000 AS inference_minutes_by_gpu_type,
    sum(inference_ms) / 60000 AS used_inference_minutes,
    CAST(-60, 'Nullable(Float64)') AS available_capacity_minutes,
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
