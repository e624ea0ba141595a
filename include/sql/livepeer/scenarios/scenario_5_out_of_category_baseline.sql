-- Sessions that started in the window, newest first, and that meet the conditions of none of the four other scenarios.
-- The newest version of each is taken first, then the window. Without a status sample the frame rate counts as 0.

-- QUERY: scenario_5_out_of_category_baseline
WITH
frame_rates AS (
    SELECT
        workflow_session_id,
        avg(output_fps) AS fps
    FROM fact_stream_status_samples
    GROUP BY workflow_session_id
),

edges AS (
    SELECT
        workflow_session_id,
        max(trace_type = 'gateway_no_orchestrators_available') AS no_orch,
        max(trace_type = 'gateway_ingest_stream_closed') AS closed
    FROM fact_stream_trace_edges
    GROUP BY workflow_session_id
),

hosts AS (
    SELECT
        workflow_session_id,
        uniqExactIf(orchestrator_address, orchestrator_address != '') AS orchestrators
    FROM v_latest_segments
    GROUP BY workflow_session_id
),

param_updates AS (
    SELECT
        workflow_session_id,
        count() AS found
    FROM v_latest_param_updates
    GROUP BY workflow_session_id
)

SELECT
    'scenario_5_out_of_category_baseline' AS scenario_name,
    sessions.workflow_session_id AS workflow_session_id,
    sessions.stream_id AS stream_id,
    sessions.request_id AS request_id,
    sessions.session_start_ts AS session_start_ts,
    sessions.session_end_ts AS session_end_ts,
    frame_rates.fps AS avg_output_fps,
    edges.no_orch AS has_no_orch,
    edges.closed AS has_close,
    hosts.orchestrators AS segment_orchestrators,
    param_updates.found AS updates
FROM v_latest_sessions AS sessions
LEFT JOIN frame_rates ON sessions.workflow_session_id = frame_rates.workflow_session_id
LEFT JOIN edges ON sessions.workflow_session_id = edges.workflow_session_id
LEFT JOIN hosts ON sessions.workflow_session_id = hosts.workflow_session_id
LEFT JOIN param_updates ON sessions.workflow_session_id = param_updates.workflow_session_id
WHERE
    sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
    AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
    AND NOT (
        sessions.known_stream = 1
        AND sessions.startup_success = 1
        AND sessions.startup_unexcused = 0
        AND sessions.swap_count = 0
        AND frame_rates.fps > 12
    )
    AND NOT (sessions.startup_success = 0 AND edges.no_orch = 1 AND edges.closed = 1)
    AND NOT (
        sessions.startup_success = 1
        AND (
            sessions.confirmed_swap_count > 0
            OR sessions.inferred_orchestrator_change_count > 0
            OR hosts.orchestrators > 1
            OR sessions.swap_count > 0
        )
    )
    AND NOT (sessions.startup_success = 1 AND param_updates.found > 0)
ORDER BY session_start_ts DESC, workflow_session_id ASC
LIMIT {limit_per_scenario:UInt32}
SETTINGS join_use_nulls = 0;
