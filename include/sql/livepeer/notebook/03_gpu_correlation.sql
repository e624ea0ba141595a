-- SECTION: GPU correlation
-- Which GPU was each session of the window credited with, and was that GPU announced? `announced_as` counts the current
-- capabilities of the session's orchestrator for its model and GPU. A session with a GPU and no announcement was
-- attributed from an older snapshot; one without a GPU has a method that says why.

-- QUERY: 03_gpu_correlation
WITH
segments AS (
    SELECT
        workflow_session_id,
        count() AS found,
        uniqExactIf(gpu_id, ifNull(gpu_id, '') != '') AS gpus
    FROM v_latest_segments
    GROUP BY workflow_session_id
),

samples AS (
    SELECT
        workflow_session_id,
        count() AS found,
        countIf(ifNull(gpu_id, '') != '') AS with_gpu
    FROM fact_stream_status_samples
    GROUP BY workflow_session_id
),

announced AS (
    SELECT
        orchestrator_address,
        model_id,
        gpu_id,
        count() AS found,
        any(gpu_name) AS gpu_name
    FROM v_current_gpus
    GROUP BY orchestrator_address, model_id, gpu_id
)

SELECT
    sessions.workflow_session_id AS workflow_session_id,
    sessions.orchestrator_address AS orchestrator_address,
    ifNull(sessions.model_id, '') AS model,
    ifNull(sessions.gpu_id, '') AS gpu,
    sessions.gpu_attribution_method AS method,
    round(sessions.gpu_attribution_confidence, 2) AS confidence,
    segments.found AS segments,
    segments.gpus AS gpus_of_segments,
    samples.found AS status_samples,
    samples.with_gpu AS samples_with_gpu,
    announced.found AS announced_as,
    announced.gpu_name AS gpu_name,
    count() OVER () AS total_rows
FROM v_latest_sessions AS sessions
LEFT JOIN segments ON sessions.workflow_session_id = segments.workflow_session_id
LEFT JOIN samples ON sessions.workflow_session_id = samples.workflow_session_id
LEFT JOIN announced
    ON
        sessions.orchestrator_address = announced.orchestrator_address
        AND ifNull(sessions.model_id, '') = announced.model_id
        AND ifNull(sessions.gpu_id, '') = announced.gpu_id
WHERE
    sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
    AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
ORDER BY sessions.session_start_ts, workflow_session_id
LIMIT 5000
SETTINGS join_use_nulls = 0;
