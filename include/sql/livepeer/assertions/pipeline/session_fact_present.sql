-- When this fails, the window has stream events but no session: the lifecycle stage has stopped, and every API view
-- shows an hour without demand. A session counts when any part of it is in the window, because a session that started
-- earlier may own the window's samples.
-- LAYER: sessions

-- TEST: session_fact_present
WITH found AS (
    SELECT 'session' AS what, count() AS rows_found
    FROM v_latest_sessions
    WHERE
        session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND ifNull(session_end_ts, session_start_ts) >= {from_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'signal' AS what, count() AS rows_found
    FROM ai_stream_status
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'signal' AS what, count() AS rows_found
    FROM stream_trace_events
    -- A milestone counts for its session at its own time, not at that of its event.
    WHERE data_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND data_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'signal' AS what, count() AS rows_found
    FROM ai_stream_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    signals > 0 AND sessions_window = 0 AS failed_rows,
    sumIf(rows_found, what = 'session') AS sessions_window,
    sumIf(rows_found, what = 'signal') AS signals,
    if(signals + sessions_window = 0, 'nothing to judge: no signal of a stream in the window', '') AS skip_reason
FROM found;

-- MUTATION: the window's sessions are dated into another year
ALTER TABLE fact_workflow_sessions
UPDATE session_start_ts = session_start_ts + toIntervalYear(10), session_end_ts = session_end_ts + toIntervalYear(10)
WHERE 1;
