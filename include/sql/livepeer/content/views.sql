-- The rows that the API views serve. Computed values are rounded. A quantile of more than 2000 values is left out: it
-- depends on how the digests were merged.

-- QUERY: v_api_gpu_metrics
SELECT
    * EXCEPT (
        avg_output_fps,
        p95_output_fps,
        jitter_coeff_fps,
        prompt_to_first_frame_ms,
        startup_time_ms,
        startup_time_s,
        e2e_latency_ms,
        p95_prompt_to_first_frame_ms,
        p95_startup_time_ms,
        p95_e2e_latency_ms,
        failure_rate,
        swap_rate
    ),
    round(avg_output_fps, 6) AS avg_output_fps,
    if(status_samples <= 2000, round(p95_output_fps, 3), NULL) AS p95_output_fps,
    round(jitter_coeff_fps, 6) AS jitter_coeff_fps,
    round(prompt_to_first_frame_ms, 3) AS prompt_to_first_frame_ms,
    round(startup_time_ms, 3) AS startup_time_ms,
    round(startup_time_s, 6) AS startup_time_s,
    round(e2e_latency_ms, 3) AS e2e_latency_ms,
    if(
        valid_prompt_to_first_frame_count <= 2000, round(p95_prompt_to_first_frame_ms, 3), NULL
    ) AS p95_prompt_to_first_frame_ms,
    if(valid_startup_time_count <= 2000, round(p95_startup_time_ms, 3), NULL) AS p95_startup_time_ms,
    if(valid_e2e_latency_count <= 2000, round(p95_e2e_latency_ms, 3), NULL) AS p95_e2e_latency_ms,
    round(failure_rate, 6) AS failure_rate,
    round(swap_rate, 6) AS swap_rate
FROM v_api_gpu_metrics;

-- QUERY: v_api_network_demand
SELECT
    * EXCEPT (
        total_inference_minutes,
        avg_output_fps,
        success_ratio,
        fee_payment_eth
    ),
    round(total_inference_minutes, 6) AS total_inference_minutes,
    round(avg_output_fps, 6) AS avg_output_fps,
    round(success_ratio, 6) AS success_ratio,
    round(fee_payment_eth, 9) AS fee_payment_eth
FROM v_api_network_demand;

-- QUERY: v_api_network_demand_by_gpu
SELECT
    * EXCEPT (
        inference_minutes_by_gpu_type,
        used_inference_minutes,
        available_capacity_minutes,
        capacity_rate,
        fee_payment_eth
    ),
    round(inference_minutes_by_gpu_type, 6) AS inference_minutes_by_gpu_type,
    round(used_inference_minutes, 6) AS used_inference_minutes,
    round(available_capacity_minutes, 6) AS available_capacity_minutes,
    round(capacity_rate, 6) AS capacity_rate,
    round(fee_payment_eth, 9) AS fee_payment_eth
FROM v_api_network_demand_by_gpu;

-- QUERY: v_api_sla_compliance
SELECT
    * EXCEPT (
        success_ratio,
        no_swap_ratio,
        sla_score
    ),
    round(success_ratio, 6) AS success_ratio,
    round(no_swap_ratio, 6) AS no_swap_ratio,
    round(sla_score, 6) AS sla_score
FROM v_api_sla_compliance;

-- QUERY: v_api_jitter_5m
SELECT
    * EXCEPT (
        avg_output_fps,
        jitter_coeff_fps
    ),
    round(avg_output_fps, 6) AS avg_output_fps,
    round(jitter_coeff_fps, 6) AS jitter_coeff_fps
FROM v_api_jitter_5m;
