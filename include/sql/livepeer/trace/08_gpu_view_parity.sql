-- Does the GPU view agree with the status samples? The expected side is computed from the samples again. Blank
-- dimensions are filled from the newest session, as the view's contract requires, and the window is widened to whole
-- hours. A key that only one side has is an error only where both sides should have it: rows of started sessions have
-- no samples, and samples without an orchestrator or a GPU have no row.

-- QUERY: 08_gpu_view_parity
WITH
sessions AS (
    SELECT
        workflow_session_id,
        argMax(
            (
                orchestrator_address,
                pipeline,
                ifNull(model_id, ''),
                ifNull(gpu_id, ''),
                ifNull(region, '')
            ),
            (version, ingestion_timestamp)
        ) AS known
    FROM fact_workflow_sessions
    WHERE session_start_ts > '2000-01-01'
    GROUP BY workflow_session_id
),

filled AS (
    SELECT
        dateTrunc('hour', samples.sample_ts) AS window_hour,
        samples.orchestrator_address IN ('', sessions.known.1) AS same_host,
        same_host AND ifNull(samples.model_id, '') IN ('', sessions.known.3) AS same_model,
        if(samples.orchestrator_address = '', sessions.known.1, samples.orchestrator_address) AS orchestrator,
        if(samples.pipeline = '' AND same_model, sessions.known.2, samples.pipeline) AS workflow,
        if(ifNull(samples.model_id, '') = '' AND same_host, sessions.known.3, ifNull(samples.model_id, '')) AS model,
        if(ifNull(samples.gpu_id, '') = '' AND same_model, sessions.known.4, ifNull(samples.gpu_id, '')) AS gpu,
        if(ifNull(samples.region, '') = '' AND same_host, sessions.known.5, ifNull(samples.region, '')) AS place,
        samples.output_fps AS output_fps
    FROM fact_stream_status_samples AS samples
    LEFT JOIN sessions ON samples.workflow_session_id = sessions.workflow_session_id
    WHERE
        samples.sample_ts >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND samples.sample_ts < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
),

both_sides AS (
    SELECT
        window_hour,
        orchestrator,
        workflow,
        model,
        gpu,
        place,
        'rollup' AS side,
        toNullable(avg(output_fps)) AS fps,
        count() AS samples
    FROM filled
    GROUP BY window_hour, orchestrator, workflow, model, gpu, place
    UNION ALL
    SELECT
        window_start,
        orchestrator_address,
        pipeline,
        model_id,
        gpu_id,
        region,
        'view' AS side,
        avg_output_fps AS fps,
        status_samples AS samples
    FROM v_api_gpu_metrics
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
),

by_key AS (
    SELECT
        window_hour,
        orchestrator,
        workflow,
        model,
        gpu,
        place,
        countIf(side = 'rollup') AS in_rollup,
        countIf(side = 'view') AS in_view,
        in_view = 0 AND orchestrator != '' AND gpu != '' AS is_lost,
        in_rollup = 0 AND sum(samples) > 0 AS is_invented,
        maxIf(fps, side = 'rollup') AS rollup_fps,
        maxIf(fps, side = 'view') AS view_fps,
        -- A mean that is missing on one side counts as a difference beyond any tolerance.
        if(isFinite(rollup_fps - view_fps), abs(rollup_fps - view_fps), inf) AS diff_fps
    FROM both_sides
    GROUP BY window_hour, orchestrator, workflow, model, gpu, place
)

SELECT
    multiIf(
        rollup_rows = 0 AND view_rows = 0, 'EMPTY_BOTH',
        rollup_rows > 0 AND view_rows > 0 AND joined_rows = 0, 'NO_OVERLAP_BOTH_NONEMPTY',
        countIf(is_lost OR is_invented) > 0, 'KEY_MISMATCH',
        max_abs_diff_fps > 1e-6, 'VALUE_MISMATCH_WITH_OVERLAP',
        'PASS'
    ) AS failure_mode,
    sum(in_rollup) AS rollup_rows,
    sum(in_view) AS view_rows,
    countIf(in_rollup > 0 AND in_view > 0) AS joined_rows,
    countIf(in_view = 0) AS rollup_only_keys,
    countIf(in_rollup = 0) AS view_only_keys,
    sumIf(in_rollup, orchestrator = '') AS rollup_empty_orch_rows,
    sumIf(in_rollup, gpu = '') AS rollup_empty_gpu_rows,
    sumIf(in_rollup, place = '') AS rollup_empty_region_rows,
    sumIf(in_view, orchestrator = '') AS view_empty_orch_rows,
    sumIf(in_view, gpu = '') AS view_empty_gpu_rows,
    sumIf(in_view, place = '') AS view_empty_region_rows,
    avgOrNullIf(diff_fps, in_rollup > 0 AND in_view > 0) AS mean_abs_diff_fps,
    maxOrNullIf(diff_fps, in_rollup > 0 AND in_view > 0) AS max_abs_diff_fps
FROM by_key
SETTINGS join_use_nulls = 0;
