-- When this fails, a served frame rate or its jitter is NaN or infinite: a query divided by a mean of 0, or a sample
-- had such a value. A search for slow or unsteady GPUs never finds the row, because no comparison with NaN is true.
-- LAYER: views

-- TEST: frame_rates_are_finite
WITH judged AS (
    SELECT
        'v_api_gpu_metrics' AS object,
        toString((window_start, orchestrator_address, pipeline, model_id, gpu_id, region)) AS id,
        arrayExists(
            value -> ifNull(NOT isFinite(value), 0), [avg_output_fps, p95_output_fps, jitter_coeff_fps]
        ) AS is_wrong
    FROM v_api_gpu_metrics
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'v_api_jitter_5m' AS object,
        toString((window_start_5m, orchestrator_address, pipeline, model_id, gpu_id, region)) AS id,
        arrayExists(value -> ifNull(NOT isFinite(value), 0), [avg_output_fps, jitter_coeff_fps]) AS is_wrong
    FROM v_api_jitter_5m
    WHERE
        window_start_5m >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start_5m < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(is_wrong) AS failed_rows,
    count() AS rows_checked,
    groupArrayIf(20)((object, id), is_wrong) AS object_and_row,
    if(rows_checked = 0, 'nothing to judge: no row of the GPU views in the window', '') AS skip_reason
FROM judged;

-- MUTATION: a mean of 0 is divided by
CREATE OR REPLACE VIEW v_api_jitter_5m AS
SELECT
    minutes.window_start AS window_start_5m,
    minutes.orchestrator_address AS orchestrator_address,
    minutes.pipeline AS pipeline,
    minutes.model_id AS model_id,
    minutes.gpu_id AS gpu_id,
    minutes.region AS region,
    avgMerge(minutes.output_fps_avg_state) AS avg_output_fps,
    toNullable((avg_output_fps - avg_output_fps) / (avg_output_fps - avg_output_fps)) AS jitter_coeff_fps,
    countMerge(minutes.sample_count_state) AS status_samples
FROM agg_stream_performance_1m AS minutes
GROUP BY window_start_5m, orchestrator_address, pipeline, model_id, gpu_id, region;
