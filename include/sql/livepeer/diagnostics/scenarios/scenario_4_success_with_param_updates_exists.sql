-- How many sessions of the window started and had their parameters changed while they ran. The conditions are those of
-- the discovery query of the same name.
-- LAYER: sessions
-- Not a check: nobody has to change parameters. The oracle checks that a fixture session keeps its scenario.

-- TEST: scenario_4_success_with_param_updates_exists
WITH judged AS (
    SELECT
        workflow_session_id,
        startup_success AND workflow_session_id IN (SELECT workflow_session_id FROM fact_workflow_param_updates)
            AS is_candidate
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    0 AS failed_rows,
    countIf(is_candidate) AS candidates,
    count() AS sessions_checked,
    groupArrayIf(20)(workflow_session_id, is_candidate) AS candidate_ids,
    if(sessions_checked = 0, 'nothing to judge: no session in the window', '') AS skip_reason
FROM judged;
