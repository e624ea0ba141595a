-- The health samples of each minute, by all dimensions, from silver. Demand, jitter and the number of streams are
-- computed from this rollup. When it differs, streams are shown that did not exist, or an outage is shown that did not
-- happen. The form of the columns is explained in agg_stream_performance_1m.seen.sql.

-- QUERY: agg_stream_performance_1m
WITH
minutes AS (
    SELECT
        sample_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(sample_ts), 60000)) AS window_start,
        gateway,
        orchestrator_address,
        pipeline,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS gpu,
        coalesce(region, '') AS place,
        uniqExactState(workflow_session_id) AS session_ids,
        finalizeAggregation(session_ids) AS sessions,
        uniqExactIfState(stream_id, stream_id != '') AS stream_ids,
        finalizeAggregation(stream_ids) AS streams,
        avg(output_fps) AS mean_fps,
        quantileTDigest(0.95)(output_fps) AS p95_fps,
        avg(toFloat64(output_fps) * toFloat64(output_fps)) AS mean_square_fps,
        count() AS samples
    FROM fact_stream_status_samples
    GROUP BY window_start, gateway, orchestrator_address, pipeline, model, gpu, place
)

SELECT
    window_start,
    gateway,
    orchestrator_address,
    pipeline,
    model AS model_id,
    gpu AS gpu_id,
    place AS region,
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
    mean_square_fps AS fps_jitter_num_state,
    mean_fps AS fps_jitter_den_state,
    samples AS sample_count_state
FROM minutes;
