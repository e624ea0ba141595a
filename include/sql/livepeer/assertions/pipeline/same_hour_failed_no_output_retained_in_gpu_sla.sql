-- When this fails, a session that started and ended in one hour without any output is dropped as if it were the tail of
-- an older session: failures of an orchestrator disappear from its record. The check takes session hours with fewer
-- than three samples, none with a frame rate and none of a running stream. The rows of such an hour must exist and must
-- count the session and its samples.
-- LAYER: views

-- TEST: same_hour_failed_no_output_retained_in_gpu_sla
WITH
session_hours AS (
    SELECT
        workflow_session_id,
        dateTrunc('hour', sample_ts) AS hour,
        (hour, orchestrator_address, pipeline, ifNull(model_id, ''), ifNull(gpu_id, ''), ifNull(region, '')) AS key,
        countIf(output_fps > 0 OR state IN ('ONLINE', 'DEGRADED_INFERENCE', 'DEGRADED_INPUT')) = 0 AND count() < 3
            AS is_dead,
        toInt64(sum(count()) OVER (PARTITION BY key)) AS samples_of_key
    FROM fact_stream_status_samples
    WHERE
        orchestrator_address != ''
        AND gpu_id != ''
        AND sample_ts >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND sample_ts < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
    GROUP BY workflow_session_id, hour, key
),

sessions AS (
    SELECT
        workflow_session_id,
        dateTrunc('hour', session_start_ts) AS hour,
        (hour, orchestrator_address, pipeline, ifNull(model_id, ''), ifNull(gpu_id, ''), ifNull(region, '')) AS key,
        (last_error_occurred OR loading_only_session OR zero_output_fps_session)
        AND dateTrunc('hour', session_end_ts) = hour AS has_failed_in_its_hour,
        toInt64(sum(known_stream) OVER (PARTITION BY key)) AS known_of_key
    FROM v_latest_sessions
    WHERE orchestrator_address != '' AND gpu_id != ''
),

sides AS (
    SELECT
        1 AS is_candidate,
        place.1 AS view,
        place.2 AS key,
        place.3 AS amount,
        workflow_session_id
    FROM (
        SELECT
            session_hours.workflow_session_id AS workflow_session_id,
            arrayJoin([
                ('gpu', session_hours.key, session_hours.samples_of_key),
                ('sla', sessions.key, sessions.known_of_key)
            ]) AS place
        FROM session_hours
        INNER JOIN sessions
            ON
                session_hours.workflow_session_id = sessions.workflow_session_id
                AND session_hours.hour = sessions.hour
        WHERE session_hours.is_dead AND sessions.has_failed_in_its_hour
    ) AS candidates
    UNION ALL
    SELECT
        0 AS is_candidate,
        'gpu' AS view,
        (window_start, orchestrator_address, pipeline, model_id, gpu_id, region) AS key,
        toInt64(status_samples) AS amount,
        '' AS workflow_session_id
    FROM v_api_gpu_metrics
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        0 AS is_candidate,
        'sla' AS view,
        (window_start, orchestrator_address, pipeline, model_id, gpu_id, region) AS key,
        toInt64(known_sessions) AS amount,
        '' AS workflow_session_id
    FROM v_api_sla_compliance
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
),

by_key AS (
    SELECT
        view,
        key,
        countIf(NOT is_candidate) = 0 OR sumIf(amount, NOT is_candidate) < maxIf(amount, is_candidate) AS is_missing,
        groupUniqArrayIf(20)(workflow_session_id, is_candidate) AS session_ids
    FROM sides
    GROUP BY view, key
    HAVING max(is_candidate) = 1
)

SELECT
    countIf(is_missing) AS failed_rows,
    length(groupUniqArrayArray(session_ids)) AS candidate_sessions,
    countIf(is_missing AND view = 'gpu') AS missing_gpu_rows,
    countIf(is_missing AND view = 'sla') AS missing_sla_rows,
    groupArrayIf(20)((view, key), is_missing) AS missing_keys,
    groupUniqArrayArrayIf(20)(session_ids, is_missing) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session failed on a known GPU without output in the window', '')
        AS skip_reason
FROM by_key;

-- MUTATION: samples of streams that do not run are taken for artifacts
CREATE OR REPLACE VIEW v_filled_status_samples AS
SELECT
    * EXCEPT (model_id, gpu_id, region),
    ifNull(model_id, '') AS model_id,
    ifNull(gpu_id, '') AS gpu_id,
    ifNull(region, '') AS region
FROM fact_stream_status_samples
WHERE state IN ('ONLINE', 'DEGRADED_INFERENCE', 'DEGRADED_INPUT');

-- MUTATION: hours in which no session started well are taken for artifacts
CREATE OR REPLACE VIEW v_api_sla_compliance AS
SELECT
    starts.window_start AS window_start,
    starts.orchestrator_address AS orchestrator_address,
    starts.pipeline AS pipeline,
    starts.model_id AS model_id,
    starts.gpu_id AS gpu_id,
    starts.region AS region,
    sum(starts.known_sessions) AS known_sessions,
    sum(starts.startup_success_sessions) AS startup_success_sessions,
    sum(starts.excused_sessions) AS excused_sessions,
    sum(starts.unexcused_sessions) AS unexcused_sessions,
    sum(starts.confirmed_swapped_sessions) AS confirmed_swapped_sessions,
    sum(starts.inferred_orchestrator_change_sessions) AS inferred_orchestrator_change_sessions,
    sum(starts.swapped_sessions) AS swapped_sessions,
    1 - unexcused_sessions / nullIf(known_sessions, 0) AS success_ratio,
    1 - known_swapped_sessions / nullIf(known_sessions, 0) AS no_swap_ratio,
    100 * (0.7 * success_ratio + 0.3 * no_swap_ratio) AS sla_score,
    sum(starts.known_swapped_sessions) AS known_swapped_sessions
FROM agg_reliability_1h AS starts
WHERE starts.orchestrator_address != '' AND starts.startup_success_sessions > 0
GROUP BY window_start, orchestrator_address, pipeline, model_id, gpu_id, region;
