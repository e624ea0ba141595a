-- When this fails, the frame rates by which GPUs are ranked differ from their samples. The check averages the samples
-- again, for whole hours, with blank dimensions filled from the newest session as the view's contract requires. Rows
-- without samples (of a session start) and samples without an orchestrator or a GPU are not compared.
-- LAYER: views

-- TEST: gpu_view_matches_rollup
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

-- Most samples of a session have the same dimensions, so they are added up before the session is joined.
shares AS (
    SELECT
        dateTrunc('hour', sample_ts) AS window_hour,
        workflow_session_id AS session_id,
        orchestrator_address AS own_host,
        pipeline AS own_pipeline,
        ifNull(model_id, '') AS own_model,
        ifNull(gpu_id, '') AS own_gpu,
        ifNull(region, '') AS own_region,
        sum(output_fps) AS fps_sum,
        count() AS samples
    FROM fact_stream_status_samples
    WHERE
        sample_ts >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND sample_ts < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
    GROUP BY window_hour, session_id, own_host, own_pipeline, own_model, own_gpu, own_region
),

filled AS (
    SELECT
        shares.window_hour AS window_hour,
        shares.own_host IN ('', sessions.known.1) AS same_host,
        same_host AND shares.own_model IN ('', sessions.known.3) AS same_model,
        if(shares.own_host = '', sessions.known.1, shares.own_host) AS orchestrator,
        if(shares.own_pipeline = '' AND same_model, sessions.known.2, shares.own_pipeline) AS workflow,
        if(shares.own_model = '' AND same_host, sessions.known.3, shares.own_model) AS model,
        if(shares.own_gpu = '' AND same_model, sessions.known.4, shares.own_gpu) AS gpu,
        if(shares.own_region = '' AND same_host, sessions.known.5, shares.own_region) AS place,
        shares.fps_sum AS fps_sum,
        shares.samples AS samples,
        shares.session_id AS session_id
    FROM shares
    LEFT JOIN sessions ON shares.session_id = sessions.workflow_session_id
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
        toNullable(sum(filled.fps_sum) / sum(filled.samples)) AS fps,
        sum(filled.samples) AS samples,
        groupUniqArray(20)(session_id) AS ids
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
        status_samples AS samples,
        [] AS ids
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
        in_rollup > 0 AND in_view > 0 AS in_both,
        in_view = 0 AND orchestrator != '' AND gpu != '' AS is_lost,
        in_rollup = 0 AND sum(samples) > 0 AS is_invented,
        maxIf(fps, side = 'rollup') AS rollup_fps,
        maxIf(fps, side = 'view') AS view_fps,
        -- A mean that is NaN, or missing on one side, counts as a difference beyond any tolerance.
        if(isFinite(rollup_fps - view_fps), abs(rollup_fps - view_fps), inf) AS diff_fps,
        is_lost OR is_invented OR (in_both AND diff_fps > 1e-6) AS differs,
        groupUniqArrayArray(20)(ids) AS session_ids
    FROM both_sides
    GROUP BY window_hour, orchestrator, workflow, model, gpu, place
),

totals AS (
    SELECT
        sum(in_rollup) AS rollup_rows,
        sum(in_view) AS view_rows,
        countIf(in_both) AS joined_rows,
        countIf(in_view = 0) AS rollup_only_keys,
        countIf(in_rollup = 0) AS view_only_keys,
        countIf(is_lost OR is_invented) AS keys_of_one_side,
        sumIf(in_rollup, orchestrator = '') AS rollup_empty_orch_rows,
        sumIf(in_rollup, gpu = '') AS rollup_empty_gpu_rows,
        sumIf(in_rollup, place = '') AS rollup_empty_region_rows,
        sumIf(in_view, orchestrator = '') AS view_empty_orch_rows,
        sumIf(in_view, gpu = '') AS view_empty_gpu_rows,
        sumIf(in_view, place = '') AS view_empty_region_rows,
        avgOrNullIf(diff_fps, in_both) AS mean_abs_diff_fps,
        maxOrNullIf(diff_fps, in_both) AS max_abs_diff_fps,
        groupArrayIf(20)(
            (window_hour, orchestrator, workflow, model, gpu, place, rollup_fps, view_fps), differs
        ) AS failing_keys,
        groupUniqArrayArrayIf(20)(session_ids, differs) AS failing_workflow_session_ids
    FROM by_key
),

judged AS (
    SELECT
        *,
        multiIf(
            rollup_rows = 0 AND view_rows = 0, 'EMPTY_BOTH',
            -- Samples without a GPU and a start without samples correctly have no key in common.
            keys_of_one_side > 0 AND rollup_rows > 0 AND view_rows > 0 AND joined_rows = 0, 'NO_OVERLAP_BOTH_NONEMPTY',
            keys_of_one_side > 0, 'KEY_MISMATCH',
            max_abs_diff_fps > 1e-6, 'VALUE_MISMATCH_WITH_OVERLAP',
            'PASS'
        ) AS failure_mode
    FROM totals
)

SELECT
    *,
    failure_mode NOT IN ('EMPTY_BOTH', 'PASS') AS failed_rows,
    if(failure_mode = 'EMPTY_BOTH', 'nothing to judge: no status sample and no row of the GPU view in the window', '')
        AS skip_reason
FROM judged
SETTINGS join_use_nulls = 0;

-- MUTATION: samples without a picture are left out of the average
CREATE OR REPLACE VIEW v_filled_status_samples AS
SELECT
    * EXCEPT (model_id, gpu_id, region),
    ifNull(model_id, '') AS model_id,
    ifNull(gpu_id, '') AS gpu_id,
    ifNull(region, '') AS region
FROM fact_stream_status_samples
WHERE output_fps > 0;

-- MUTATION: samples of an orchestrator are lost
CREATE OR REPLACE VIEW v_filled_status_samples AS
SELECT
    * EXCEPT (model_id, gpu_id, region),
    ifNull(model_id, '') AS model_id,
    ifNull(gpu_id, '') AS gpu_id,
    ifNull(region, '') AS region
FROM fact_stream_status_samples
WHERE orchestrator_address NOT IN (
    SELECT max(samples.orchestrator_address) FROM fact_stream_status_samples AS samples
);

-- MUTATION: samples count in the hour before their own
CREATE OR REPLACE VIEW v_filled_status_samples AS
SELECT
    * EXCEPT (sample_ts, model_id, gpu_id, region),
    sample_ts - INTERVAL 1 HOUR AS sample_ts,
    ifNull(model_id, '') AS model_id,
    ifNull(gpu_id, '') AS gpu_id,
    ifNull(region, '') AS region
FROM fact_stream_status_samples;

-- MUTATION: a frame rate of a sample is no number
ALTER TABLE fact_stream_status_samples UPDATE output_fps = nan
WHERE source_event_uid = (
    SELECT max(source_event_uid) FROM fact_stream_status_samples WHERE orchestrator_address != '' AND gpu_id != ''
);
