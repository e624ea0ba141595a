-- When this fails, the minute rollup of demand differs from the samples: a batch was counted twice or not at all, or a
-- merge added up rows of different dimensions. Every minute is counted again from the samples, by all dimensions and
-- without blank ids. The window is widened to whole minutes.
-- LAYER: rollups

-- TEST: agg_stream_performance_1m_matches_status_samples
WITH
both_sides AS (
    SELECT
        dateTrunc('minute', samples.sample_ts) AS minute,
        samples.gateway AS gateway,
        samples.orchestrator_address AS orchestrator_address,
        samples.pipeline AS pipeline,
        ifNull(samples.model_id, '') AS model,
        ifNull(samples.gpu_id, '') AS gpu,
        ifNull(samples.region, '') AS place,
        0 AS is_rollup,
        toInt64(uniqExactIf(samples.workflow_session_id, samples.workflow_session_id != '')) AS sessions,
        toInt64(uniqExactIf(samples.stream_id, samples.stream_id != '')) AS streams,
        toInt64(count()) AS samples,
        avg(samples.output_fps) AS fps
    FROM fact_stream_status_samples AS samples
    WHERE
        samples.sample_ts >= dateTrunc('minute', {from_ts:DateTime64(3, 'UTC')})
        AND samples.sample_ts < dateTrunc('minute', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 59999 MILLISECOND)
    GROUP BY minute, gateway, orchestrator_address, pipeline, model, gpu, place
    UNION ALL
    SELECT
        window_start AS minute,
        gateway,
        orchestrator_address,
        pipeline,
        model_id,
        gpu_id,
        region,
        1 AS is_rollup,
        toInt64(uniqExactMerge(sessions_uniq_state)) AS sessions,
        toInt64(uniqExactMerge(streams_uniq_state)) AS streams,
        toInt64(countMerge(sample_count_state)) AS samples,
        avgMerge(output_fps_avg_state) AS fps
    FROM agg_stream_performance_1m
    WHERE
        window_start >= dateTrunc('minute', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY minute, gateway, orchestrator_address, pipeline, model_id, gpu_id, region
),

by_key AS (
    SELECT
        minute,
        gateway,
        orchestrator_address,
        pipeline,
        model,
        gpu,
        place,
        min(is_rollup) = 0 AS expected,
        max(is_rollup) = 1 AS rolled_up,
        expected AND rolled_up AS in_both,
        abs(sumIf(sessions, is_rollup) - sumIf(sessions, NOT is_rollup)) AS diff_sessions,
        abs(sumIf(streams, is_rollup) - sumIf(streams, NOT is_rollup)) AS diff_streams,
        abs(sumIf(samples, is_rollup) - sumIf(samples, NOT is_rollup)) AS diff_samples,
        abs(sumIf(fps, is_rollup) - sumIf(fps, NOT is_rollup)) AS fps_gap,
        if(isNaN(fps_gap), inf, fps_gap) AS diff_fps
    FROM both_sides
    GROUP BY minute, gateway, orchestrator_address, pipeline, model, gpu, place
)

SELECT
    failure_mode NOT IN ('EMPTY_BOTH', 'PASS') AS failed_rows,
    multiIf(
        count() = 0, 'EMPTY_BOTH',
        expected_rows > 0 AND rollup_rows > 0 AND joined_rows = 0, 'NO_OVERLAP_BOTH_NONEMPTY',
        expected_only_keys + rollup_only_keys > 0, 'KEY_MISMATCH',
        total_diff_sessions + total_diff_streams + total_diff_samples > 0
        OR max_abs_diff_avg_output_fps > 1e-6, 'VALUE_MISMATCH',
        'PASS'
    ) AS failure_mode,
    countIf(expected) AS expected_rows,
    countIf(rolled_up) AS rollup_rows,
    countIf(in_both) AS joined_rows,
    countIf(NOT rolled_up) AS expected_only_keys,
    countIf(NOT expected) AS rollup_only_keys,
    sumIf(diff_sessions, in_both) AS total_diff_sessions,
    sumIf(diff_streams, in_both) AS total_diff_streams,
    sumIf(diff_samples, in_both) AS total_diff_samples,
    maxIf(diff_fps, in_both) AS max_abs_diff_avg_output_fps,
    groupArrayIf(20)(
        (minute, gateway, orchestrator_address, pipeline, model, gpu, place),
        NOT in_both OR diff_sessions + diff_streams + diff_samples > 0 OR diff_fps > 1e-6
    ) AS failing_keys,
    if(failure_mode = 'EMPTY_BOTH', 'nothing to judge: no status sample and no minute in the window', '') AS skip_reason
FROM by_key;

-- MUTATION: a minute of the rollup is lost
DELETE FROM agg_stream_performance_1m
WHERE (window_start, gpu_id) = (
    SELECT window_start, gpu_id
    FROM agg_stream_performance_1m
    ORDER BY window_start, gpu_id
    LIMIT 1
);

-- MUTATION: a batch of samples is counted twice
INSERT INTO agg_stream_performance_1m
SELECT * FROM agg_stream_performance_1m
ORDER BY window_start, gpu_id, orchestrator_address
LIMIT 1;

-- MUTATION: the average of a minute takes in a frame rate that no sample has
INSERT INTO agg_stream_performance_1m
(
    window_start, gateway, orchestrator_address, pipeline, model_id, gpu_id, region, output_fps_avg_state
)
SELECT
    window_start,
    gateway,
    orchestrator_address,
    pipeline,
    model_id,
    gpu_id,
    region,
    arrayReduce('avgState', [toFloat32(99)])
FROM agg_stream_performance_1m
ORDER BY window_start, gpu_id, orchestrator_address
LIMIT 1;
