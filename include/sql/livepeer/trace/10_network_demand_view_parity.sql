-- Does the demand view agree with samples and sessions? Both are read again. Samples are read rather than their rollup,
-- so that a batch that the rollup counted twice is detected. Time is the sum of the gaps between a session's samples,
-- at most a minute each. Sessions are read in all versions. Samples without a pipeline belong to the pipeline of the
-- sessions that started with the same other keys, if those have only one. The window is widened to whole hours.

-- QUERY: 10_network_demand_view_parity
WITH
latest AS (
    SELECT
        workflow_session_id,
        argMax(
            (
                session_start_ts,
                gateway,
                ifNull(region, ''),
                pipeline,
                ifNull(model_id, ''),
                orchestrator_address,
                known_stream,
                startup_unexcused,
                confirmed_swap_count > 0 OR inferred_orchestrator_change_count > 0
            ),
            (version, ingestion_timestamp)
        ) AS facts
    FROM fact_workflow_sessions
    WHERE session_start_ts > '2000-01-01'
    GROUP BY workflow_session_id
),

sessions AS (
    SELECT
        dateTrunc('hour', facts.1) AS window_hour,
        facts.2 AS gw,
        facts.3 AS place,
        facts.4 AS workflow,
        facts.5 AS model,
        facts.6 AS orchestrator,
        facts.7 AS known,
        facts.8 AS unexcused,
        facts.9 AS swapped
    FROM latest
),

only_workflows AS (
    SELECT
        window_hour,
        gw,
        place,
        model,
        any(workflow) AS only_workflow
    FROM sessions
    WHERE workflow != ''
    GROUP BY window_hour, gw, place, model
    HAVING uniqExact(workflow) = 1
),

samples AS (
    SELECT
        dateTrunc('hour', sample_ts) AS window_hour,
        gateway AS gw,
        ifNull(region, '') AS place,
        pipeline AS workflow,
        ifNull(model_id, '') AS model,
        workflow_session_id,
        stream_id,
        output_fps,
        least(
            dateDiff('millisecond', sample_ts, leadInFrame(sample_ts, 1, sample_ts) OVER (
                PARTITION BY workflow_session_id
                ORDER BY sample_ts ASC, source_event_uid ASC
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            )),
            60000
        ) AS gap_ms
    FROM fact_stream_status_samples
),

both_sides AS (
    SELECT
        samples.window_hour AS window_hour,
        samples.gw AS gw,
        samples.place AS place,
        if(samples.workflow = '', only_workflows.only_workflow, samples.workflow) AS pipe,
        samples.model AS model,
        'rollup' AS side,
        toNullable(avg(samples.output_fps)) AS fps,
        sum(samples.gap_ms) / 60000 AS minutes,
        -- sessions, streams, known, served, unserved, unexcused, swapped
        [
            toInt64(uniqExact(samples.workflow_session_id)),
            toInt64(uniqExactIf(samples.stream_id, samples.stream_id != '')),
            0, 0, 0, 0, 0
        ] AS counts
    FROM samples
    LEFT JOIN only_workflows
        ON
            samples.window_hour = only_workflows.window_hour
            AND samples.gw = only_workflows.gw
            AND samples.place = only_workflows.place
            AND samples.model = only_workflows.model
    GROUP BY window_hour, gw, place, pipe, model
    UNION ALL
    SELECT
        window_hour,
        gw,
        place,
        workflow,
        model,
        'rollup' AS side,
        NULL AS fps,
        0 AS minutes,
        [
            0, 0,
            toInt64(countIf(known)),
            toInt64(countIf(known AND orchestrator != '')),
            toInt64(countIf(known AND orchestrator = '')),
            toInt64(countIf(unexcused)),
            toInt64(countIf(swapped))
        ] AS counts
    FROM sessions
    GROUP BY window_hour, gw, place, workflow, model
    UNION ALL
    SELECT
        window_start,
        gateway,
        region,
        pipeline,
        model_id,
        'view' AS side,
        avg_output_fps AS fps,
        total_inference_minutes AS minutes,
        [
            toInt64(total_sessions),
            toInt64(total_streams),
            toInt64(known_sessions),
            toInt64(served_sessions),
            toInt64(unserved_sessions),
            toInt64(unexcused_sessions),
            toInt64(swapped_sessions)
        ] AS counts
    FROM v_api_network_demand
),

by_key AS (
    SELECT
        window_hour,
        gw,
        place,
        pipe,
        model,
        countIf(side = 'rollup') > 0 AS in_rollup,
        countIf(side = 'view') AS in_view,
        in_rollup AND in_view > 0 AS in_both,
        maxIf(fps, side = 'rollup') AS rollup_fps,
        maxIf(fps, side = 'view') AS view_fps,
        -- Equal when both sides have no samples. If only one side has none, they always differ.
        if(isFinite(rollup_fps - view_fps), abs(rollup_fps - view_fps), inf) AS gap_fps,
        if(rollup_fps IS NULL AND view_fps IS NULL, 0, gap_fps) AS diff_fps,
        sumIf(minutes, side = 'rollup') - sumIf(minutes, side = 'view') AS gap_minutes,
        if(isFinite(gap_minutes), abs(gap_minutes), inf) AS diff_minutes,
        -- One sum over both sides: a side without rows has an empty array, and arrayMap takes only equal sizes.
        arrayMap(
            difference -> abs(difference),
            sumForEach(if(side = 'rollup', counts, arrayMap(counted -> -counted, counts)))
        ) AS diff_counts
    FROM both_sides
    WHERE
        window_hour >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_hour < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY window_hour, gw, place, pipe, model
)

SELECT
    multiIf(
        rollup_rows = 0 AND view_rows = 0, 'EMPTY_BOTH',
        rollup_rows > 0 AND view_rows > 0 AND joined_rows = 0, 'NO_OVERLAP_BOTH_NONEMPTY',
        rollup_only_keys + view_only_keys > 0, 'KEY_MISMATCH',
        max_abs_diff_fps > 1e-6
        OR max_abs_diff_minutes > 1e-6
        OR total_diff_sessions + total_diff_streams + total_diff_known_sessions + total_diff_served_sessions > 0
        OR total_diff_unserved_sessions + total_diff_unexcused_sessions + total_diff_swapped_sessions > 0,
        'VALUE_MISMATCH_WITH_OVERLAP',
        'PASS'
    ) AS failure_mode,
    countIf(in_rollup) AS rollup_rows,
    sum(in_view) AS view_rows,
    countIf(in_both) AS joined_rows,
    countIf(in_view = 0) AS rollup_only_keys,
    countIf(NOT in_rollup) AS view_only_keys,
    countIf(in_rollup AND gw = '') AS rollup_empty_gateway_rows,
    countIf(in_rollup AND place = '') AS rollup_empty_region_rows,
    countIf(in_rollup AND pipe = '') AS rollup_empty_pipeline_rows,
    sumIf(in_view, gw = '') AS view_empty_gateway_rows,
    sumIf(in_view, place = '') AS view_empty_region_rows,
    sumIf(in_view, pipe = '') AS view_empty_pipeline_rows,
    avgOrNullIf(diff_fps, in_both) AS mean_abs_diff_fps,
    maxOrNullIf(diff_fps, in_both) AS max_abs_diff_fps,
    avgOrNullIf(diff_minutes, in_both) AS mean_abs_diff_minutes,
    maxOrNullIf(diff_minutes, in_both) AS max_abs_diff_minutes,
    sumIf(diff_counts[1], in_both) AS total_diff_sessions,
    sumIf(diff_counts[2], in_both) AS total_diff_streams,
    sumIf(diff_counts[3], in_both) AS total_diff_known_sessions,
    sumIf(diff_counts[4], in_both) AS total_diff_served_sessions,
    sumIf(diff_counts[5], in_both) AS total_diff_unserved_sessions,
    sumIf(diff_counts[6], in_both) AS total_diff_unexcused_sessions,
    sumIf(diff_counts[7], in_both) AS total_diff_swapped_sessions
FROM by_key
SETTINGS join_use_nulls = 0;
