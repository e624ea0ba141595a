-- Does the SLA view agree with the sessions? The expected side is computed again from all versions: the newest version
-- first, then the window, which is widened to whole hours. Only sessions with an orchestrator have a row.

-- QUERY: 09_sla_view_parity
WITH
sessions AS (
    SELECT
        workflow_session_id,
        argMax(
            (
                session_start_ts,
                orchestrator_address,
                pipeline,
                ifNull(model_id, ''),
                ifNull(gpu_id, ''),
                ifNull(region, ''),
                known_stream,
                startup_unexcused,
                confirmed_swap_count > 0 OR inferred_orchestrator_change_count > 0
            ),
            (version, ingestion_timestamp)
        ) AS latest
    FROM fact_workflow_sessions
    WHERE session_start_ts > '2000-01-01'
    GROUP BY workflow_session_id
),

both_sides AS (
    SELECT
        dateTrunc('hour', latest.1) AS window_hour,
        latest.2 AS orchestrator,
        latest.3 AS workflow,
        latest.4 AS model,
        latest.5 AS gpu,
        latest.6 AS place,
        'raw' AS side,
        countIf(latest.7) AS known,
        countIf(latest.8) AS unexcused,
        countIf(latest.9) AS swapped
    FROM sessions
    WHERE
        latest.2 != ''
        AND latest.1 >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND latest.1 < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
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
        known_sessions AS known,
        unexcused_sessions AS unexcused,
        swapped_sessions AS swapped
    FROM v_api_sla_compliance
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
        countIf(side = 'raw') AS in_raw,
        countIf(side = 'view') AS in_view,
        in_raw > 0 AND in_view > 0 AS in_both,
        abs(toInt64(sumIf(known, side = 'raw')) - toInt64(sumIf(known, side = 'view'))) AS known_diff,
        abs(toInt64(sumIf(unexcused, side = 'raw')) - toInt64(sumIf(unexcused, side = 'view'))) AS unexcused_diff,
        abs(toInt64(sumIf(swapped, side = 'raw')) - toInt64(sumIf(swapped, side = 'view'))) AS swapped_diff
    FROM both_sides
    GROUP BY window_hour, orchestrator, workflow, model, gpu, place
)

SELECT
    multiIf(
        raw_rows = 0 AND view_rows = 0, 'EMPTY_BOTH',
        raw_rows > 0 AND view_rows > 0 AND joined_rows = 0, 'NO_OVERLAP_BOTH_NONEMPTY',
        raw_only_keys + view_only_keys > 0, 'KEY_MISMATCH',
        total_known_diff + total_unexcused_diff + total_swapped_diff > 0, 'VALUE_MISMATCH_WITH_OVERLAP',
        'PASS'
    ) AS failure_mode,
    sum(in_raw) AS raw_rows,
    sum(in_view) AS view_rows,
    countIf(in_both) AS joined_rows,
    countIf(in_view = 0) AS raw_only_keys,
    countIf(in_raw = 0) AS view_only_keys,
    sumIf(known_diff, in_both) AS total_known_diff,
    sumIf(unexcused_diff, in_both) AS total_unexcused_diff,
    sumIf(swapped_diff, in_both) AS total_swapped_diff
FROM by_key;
