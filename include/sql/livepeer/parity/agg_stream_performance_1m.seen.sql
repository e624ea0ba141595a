-- The minutes of the rollup, with their states as values that can be compared. A set of ids would only show its size,
-- so it is shown with a hash of its ids: a state ends with a 128-bit hash of each id, in no particular order. Instead
-- of the deviation, the mean of the squares is shown (mean² + deviation²). If all samples are equal, the deviation
-- consists only of rounding errors, which depend on the order.

-- QUERY: agg_stream_performance_1m
WITH
minutes AS (
    SELECT
        window_start,
        gateway,
        orchestrator_address,
        pipeline,
        model_id,
        gpu_id,
        region,
        uniqExactMergeState(sessions_uniq_state) AS session_ids,
        finalizeAggregation(session_ids) AS sessions,
        uniqExactMergeState(streams_uniq_state) AS stream_ids,
        finalizeAggregation(stream_ids) AS streams,
        avgMerge(output_fps_avg_state) AS mean_fps,
        quantileTDigestMerge(0.95)(output_fps_p95_state) AS p95_fps,
        stddevPopMerge(fps_jitter_num_state) AS deviation,
        avgMerge(fps_jitter_den_state) AS jitter_mean,
        countMerge(sample_count_state) AS samples
    FROM agg_stream_performance_1m
    GROUP BY window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region
)

SELECT
    window_start,
    gateway,
    orchestrator_address,
    pipeline,
    model_id,
    gpu_id,
    region,
    concat(
        toString(sessions), ' ids ',
        hex(sipHash64(arraySort(extractAll(right(hex(session_ids), 32 * sessions), '.{32}'))))
    ) AS sessions_uniq_state,
    concat(
        toString(streams), ' ids ',
        hex(sipHash64(arraySort(extractAll(right(hex(stream_ids), 32 * streams), '.{32}'))))
    ) AS streams_uniq_state,
    mean_fps AS output_fps_avg_state,
    p95_fps AS output_fps_p95_state,
    mean_fps * mean_fps + deviation * deviation AS fps_jitter_num_state,
    jitter_mean AS fps_jitter_den_state,
    samples AS sample_count_state
FROM minutes;
