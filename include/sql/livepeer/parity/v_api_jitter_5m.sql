-- The jitter of the frame rate in five minutes, computed from the samples. When it differs, an unsteady stream is shown
-- as steady. The coefficient is compared by its square; v_api_jitter_5m.seen.sql explains why.

-- QUERY: v_api_jitter_5m
WITH
samples AS (
    SELECT
        sample_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(sample_ts), 300000)) AS window_start_5m,
        orchestrator_address,
        pipeline,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS gpu,
        coalesce(region, '') AS place,
        toFloat64(output_fps) AS fps
    FROM fact_stream_status_samples
)

SELECT
    window_start_5m,
    orchestrator_address,
    pipeline,
    model AS model_id,
    gpu AS gpu_id,
    place AS region,
    avg(fps) AS avg_output_fps,
    avg(fps * fps) / nullIf(avg_output_fps * avg_output_fps, 0) AS jitter_coeff_fps,
    count() AS status_samples
FROM samples
GROUP BY window_start_5m, orchestrator_address, pipeline, model, gpu, place
HAVING status_samples > 9;
