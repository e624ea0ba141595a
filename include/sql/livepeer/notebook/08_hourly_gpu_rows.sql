-- SECTION: Hourly rows
-- Which hourly rows of the GPU view does each session count in, and what did it add? `samples_of_session` are the
-- session's own samples of that hour, `status_samples` those of all sessions in the row. A row whose samples are all of
-- one session shows what that session did.

-- QUERY: 08_hourly_gpu_rows
WITH parts AS (
    SELECT
        workflow_session_id,
        toDateTime64(dateTrunc('hour', sample_ts), 3, 'UTC') AS window_start,
        orchestrator_address,
        pipeline,
        model_id,
        gpu_id,
        region,
        count() AS found,
        avg(output_fps) AS fps
    FROM v_filled_status_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY workflow_session_id, window_start, orchestrator_address, pipeline, model_id, gpu_id, region
)

SELECT
    parts.workflow_session_id AS workflow_session_id,
    hours.window_start AS window_start,
    hours.orchestrator_address AS orchestrator_address,
    hours.pipeline AS pipeline,
    hours.model_id AS model_id,
    hours.gpu_id AS gpu_id,
    parts.found AS samples_of_session,
    hours.status_samples AS status_samples,
    round(parts.fps, 2) AS mean_fps_of_session,
    round(hours.avg_output_fps, 2) AS mean_fps_of_hour,
    hours.known_sessions AS known_sessions,
    hours.swapped_sessions AS swapped_sessions,
    count() OVER () AS total_rows
FROM v_api_gpu_metrics AS hours
INNER JOIN parts USING (window_start, orchestrator_address, pipeline, model_id, gpu_id, region)
ORDER BY window_start, workflow_session_id, orchestrator_address, model_id, gpu_id
LIMIT 5000;
