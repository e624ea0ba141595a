-- Sessions that started in the window, newest first; the newest version of each is taken first, then the window. All
-- samples of a session count, also those after the window's end. Otherwise a session would change its scenario with the
-- window.

-- QUERY: scenario_1_clean_success_no_swap_fps_gt_12
WITH
sessions AS (
    SELECT *
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND known_stream = 1
        AND startup_success = 1
        AND startup_unexcused = 0
        AND swap_count = 0
),

frame_rates AS (
    SELECT
        workflow_session_id,
        avg(output_fps) AS avg_output_fps
    FROM fact_stream_status_samples
    GROUP BY workflow_session_id
    HAVING avg_output_fps > 12
),

hosts AS (
    SELECT
        workflow_session_id,
        uniqExactIf(orchestrator_address, orchestrator_address != '') AS orchestrators
    FROM v_latest_segments
    GROUP BY workflow_session_id
)

SELECT
    'scenario_1_clean_success_no_swap_fps_gt_12' AS scenario_name,
    sessions.workflow_session_id AS workflow_session_id,
    sessions.stream_id AS stream_id,
    sessions.request_id AS request_id,
    sessions.session_start_ts AS session_start_ts,
    sessions.session_end_ts AS session_end_ts,
    frame_rates.avg_output_fps AS avg_output_fps,
    hosts.orchestrators AS segment_orchestrators
FROM sessions
INNER JOIN frame_rates ON sessions.workflow_session_id = frame_rates.workflow_session_id
LEFT JOIN hosts ON sessions.workflow_session_id = hosts.workflow_session_id
ORDER BY session_start_ts DESC, workflow_session_id ASC
LIMIT {limit_per_scenario:UInt32}
SETTINGS join_use_nulls = 0;
