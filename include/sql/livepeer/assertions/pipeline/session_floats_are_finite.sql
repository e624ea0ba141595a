-- When this fails, a figure or a confidence of a session is NaN or infinite, for example 0 / 0 for a session without
-- samples. Every mean over it is NaN or infinite, too, and filters on it leave the session out.
-- LAYER: sessions

-- TEST: session_floats_are_finite
WITH judged AS (
    SELECT
        'fact_workflow_sessions' AS object,
        toString(workflow_session_id) AS id,
        arrayExists(
            value -> ifNull(NOT isFinite(value), 0),
            [
                gpu_attribution_confidence, health_completeness_ratio
            ]
        ) AS is_wrong
    FROM fact_workflow_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'fact_workflow_session_segments' AS object,
        toString(workflow_session_id) AS id,
        arrayExists(
            value -> ifNull(NOT isFinite(value), 0),
            [
                gpu_attribution_confidence
            ]
        ) AS is_wrong
    FROM fact_workflow_session_segments
    WHERE
        segment_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND segment_start_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'fact_workflow_param_updates' AS object,
        toString(workflow_session_id) AS id,
        arrayExists(
            value -> ifNull(NOT isFinite(value), 0),
            [
                gpu_attribution_confidence
            ]
        ) AS is_wrong
    FROM fact_workflow_param_updates
    WHERE
        update_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND update_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'fact_workflow_latency_samples' AS object,
        toString(workflow_session_id) AS id,
        arrayExists(
            value -> ifNull(NOT isFinite(value), 0),
            [
                prompt_to_first_frame_ms, startup_time_ms, e2e_latency_ms
            ]
        ) AS is_wrong
    FROM fact_workflow_latency_samples
    WHERE
        sample_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(is_wrong) AS failed_rows,
    count() AS rows_checked,
    groupArrayIf(20)((object, id), is_wrong) AS object_and_row,
    if(rows_checked = 0, 'nothing to judge: no session in the window', '') AS skip_reason
FROM judged;

-- MUTATION: nobody can say how surely a GPU is known
ALTER TABLE fact_workflow_session_segments UPDATE gpu_attribution_confidence = nan
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_session_segments);

-- MUTATION: an update is sure beyond measure
ALTER TABLE fact_workflow_param_updates UPDATE gpu_attribution_confidence = inf
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_param_updates);
