-- When this fails, a session's start has two outcomes, or none: success, excused and unexcused failures no longer add
-- up to the known sessions, and every rate is wrong. A known session must have exactly one; an unknown one no failure.
-- LAYER: sessions

-- TEST: startup_outcome_is_exactly_one
WITH judged AS (
    SELECT
        workflow_session_id,
        known_stream,
        startup_success,
        startup_excused,
        startup_unexcused,
        if(
            known_stream,
            startup_success + startup_excused + startup_unexcused != 1,
            startup_excused + startup_unexcused != 0
        )
        OR greatest(known_stream, startup_success, startup_excused, startup_unexcused) > 1 AS is_wrong
    FROM v_latest_sessions
    WHERE session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(is_wrong) AS failed_rows,
    count() AS sessions_checked,
    countIf(known_stream) AS known_sessions,
    groupArrayIf(20)(
        (workflow_session_id, known_stream, startup_success, startup_excused, startup_unexcused), is_wrong
    ) AS session_known_success_excused_unexcused,
    groupArrayIf(20)(workflow_session_id, is_wrong) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: a success that is excused as well
ALTER TABLE fact_workflow_sessions UPDATE startup_excused = 1
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE startup_success);

-- MUTATION: a known session without an outcome
ALTER TABLE fact_workflow_sessions UPDATE startup_excused = 0
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE startup_excused);

-- MUTATION: an unknown session that failed
ALTER TABLE fact_workflow_sessions UPDATE known_stream = 0
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE startup_unexcused);
