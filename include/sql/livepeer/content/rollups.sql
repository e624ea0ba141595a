-- The rollups, merged. The last digits of a sum of floats depend on the order of addition, so computed values are
-- rounded. A quantile of more than 2000 values is left out: it depends on how the digests were merged.

-- QUERY: agg_stream_performance_1m
SELECT
    window_start,
    gateway,
    orchestrator_address,
    pipeline,
    model_id,
    gpu_id,
    region,
    uniqExactMerge(sessions_uniq_state) AS sessions,
    uniqExactMerge(streams_uniq_state) AS streams,
    round(avgMerge(output_fps_avg_state), 6) AS avg_output_fps,
    if(samples <= 2000, round(quantileTDigestMerge(0.95)(output_fps_p95_state), 3), NULL) AS p95_output_fps,
    round(stddevPopMerge(fps_jitter_num_state), 6) AS stddev_output_fps,
    round(avgMerge(fps_jitter_den_state), 6) AS mean_output_fps,
    countMerge(sample_count_state) AS samples
FROM agg_stream_performance_1m
GROUP BY window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region;

-- QUERY: agg_reliability_1h
SELECT *
FROM agg_reliability_1h;

-- QUERY: v_inference_time_1h
SELECT *
FROM v_inference_time_1h;

-- QUERY: v_filled_status_samples
SELECT *
FROM v_filled_status_samples;
