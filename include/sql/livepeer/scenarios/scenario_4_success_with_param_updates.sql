-- Sessions that started in the window, newest first; the newest version of each is taken first, then the window. All
-- parameter updates of a session count, also those after the window's end.

-- QUERY: scenario_4_success_with_param_updates
WITH param_updates AS (
    SELECT
        workflow_session_id,
        count() AS updates
    FROM v_latest_param_updates
    GROUP BY workflow_session_id
)

SELECT
    'scenario_4_success_with_param_updates' AS scenario_name,
    sessions.workflow_session_id AS workflow_session_id,
    sessions.stream_id AS stream_id,
    sessions.request_id AS request_id,
    sessions.session_start_ts AS session_start_ts,
    sessions.session_end_ts AS session_end_ts,
    param_updates.updates AS updates
FROM v_latest_sessions AS sessions
INNER JOIN param_updates ON sessions.workflow_session_id = param_updates.workflow_session_id
WHERE
    sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
    AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
    AND sessions.startup_success = 1
ORDER BY session_start_ts DESC, workflow_session_id ASC
LIMIT {limit_per_scenario:UInt32};
