-- When this fails, a frame rate or its steadiness over five minutes is NaN or infinite: a mean of 0 was divided by. A
-- reader who looks for unsteady GPUs never finds the row, since no comparison with it is true.
-- LAYER: views

-- TEST: jitter_values_are_finite
WITH judged AS (
    SELECT
        'v_api_jitter_5m' AS object,
        toString((window_start_5m, orchestrator_address, pipeline, model_id, gpu_id, region)) AS id,
        arrayExists(value -> ifNull(NOT isFinite(value), 0), [avg_output_fps, jitter_coeff_fps]) AS is_wrong
    FROM v_api_jitter_5m
    WHERE
        window_start_5m >= toDateTime64(toStartOfFiveMinutes({from_ts:DateTime64(3, 'UTC')}), 3, 'UTC')
        AND window_start_5m < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(is_wrong) AS failed_rows,
    count() AS rows_checked,
    groupArrayIf(20)((object, id), is_wrong) AS object_and_row,
    if(rows_checked = 0, 'nothing to judge: no five minutes with ten samples in the window', '') AS skip_reason
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
