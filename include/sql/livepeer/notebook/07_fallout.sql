-- SECTION: Scenario fallout
-- Which sessions of the window are in none of the scenarios 1 to 4, and which condition did they miss? `outcome` is how
-- the start ended. A session that ended before its first sample, or whose frame rate stayed low, is normal fallout; a
-- whole hour of it is a change of the pipeline or of the network.

-- QUERY: 07_fallout
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
    sessions.workflow_session_id AS workflow_session_id,
    sessions.session_start_ts AS session_start,
    multiIf(
        sessions.startup_success = 1, 'success',
        sessions.startup_excused = 1, 'excused',
        sessions.startup_unexcused = 1, 'unexcused',
        'unknown'
    ) AS outcome,
    sessions.known_stream = 1 AS is_known,
    round(frame_rates.fps, 2) AS mean_fps,
    edges.no_orch = 1 AS no_orchestrator,
    edges.closed = 1 AS was_closed,
    hosts.orchestrators AS orchestrators,
    param_updates.found AS param_updates,
    count() OVER () AS total_rows
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
ORDER BY sessions.session_start_ts, workflow_session_id
LIMIT 5000
SETTINGS join_use_nulls = 0;
