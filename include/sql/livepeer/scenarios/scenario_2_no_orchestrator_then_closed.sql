-- Sessions that started in the window, newest first; the newest version of each is taken first, then the window. All
-- edges of a session count, also those after the window's end: a stream that closes later is closed all the same.

-- QUERY: scenario_2_no_orchestrator_then_closed
WITH edges AS (
    SELECT
        workflow_session_id,
        max(trace_type = 'gateway_no_orchestrators_available') AS has_no_orch,
        max(trace_type = 'gateway_ingest_stream_closed') AS has_close
    FROM fact_stream_trace_edges
    GROUP BY workflow_session_id
)

SELECT
    'scenario_2_no_orchestrator_then_closed' AS scenario_name,
    sessions.workflow_session_id AS workflow_session_id,
    sessions.stream_id AS stream_id,
    sessions.request_id AS request_id,
    sessions.session_start_ts AS session_start_ts,
    sessions.session_end_ts AS session_end_ts,
    sessions.startup_success AS startup_success,
    sessions.startup_excused AS startup_excused,
    sessions.startup_unexcused AS startup_unexcused,
    edges.has_no_orch AS has_no_orch,
    edges.has_close AS has_close
FROM v_latest_sessions AS sessions
INNER JOIN edges ON sessions.workflow_session_id = edges.workflow_session_id
WHERE
    sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
    AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
    AND sessions.startup_success = 0
    AND edges.has_no_orch = 1
    AND edges.has_close = 1
ORDER BY session_start_ts DESC, workflow_session_id ASC
LIMIT {limit_per_scenario:UInt32};
