-- How many rows a session has until parts merge. Many rows mean that the processor flushes after every signal.
-- LAYER: sessions
-- Not a check: there cannot be fewer physical rows than latest ones, so the comparison cannot fail.

-- TEST: raw_session_rows_vs_latest_sessions
WITH latest AS (
    SELECT workflow_session_id
    FROM v_latest_sessions
    WHERE session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    0 AS failed_rows,
    count() AS sessions_raw,
    uniqExact(workflow_session_id) AS sessions_latest,
    sessions_raw - sessions_latest AS delta,
    if(delta = 0, 'PASS', 'INFO') AS status,
    if(sessions_latest = 0, 'nothing to judge: no session started in the window', '') AS skip_reason
FROM fact_workflow_sessions
WHERE workflow_session_id IN (SELECT workflow_session_id FROM latest);
