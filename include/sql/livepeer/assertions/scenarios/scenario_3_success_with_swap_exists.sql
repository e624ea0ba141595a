-- When this fails, no session of the window started and then changed its orchestrator. Either the set has lost that
-- scenario, or swaps are no longer detected by any of their signals, and an unstable network looks stable. The
-- conditions are those of the discovery query of the same name.
-- LAYER: sessions

-- TEST: scenario_3_success_with_swap_exists
WITH judged AS (
    SELECT
        workflow_session_id,
        startup_success AS is_started,
        is_started AND confirmed_swap_count > 0 AS is_explicit,
        is_started
        AND (
            inferred_orchestrator_change_count > 0
            OR workflow_session_id IN (
                SELECT workflow_session_id
                FROM v_latest_segments
                WHERE orchestrator_address != ''
                GROUP BY workflow_session_id
                HAVING uniqExact(orchestrator_address) > 1
            )
        ) AS is_derived,
        is_started AND swap_count > 0 AND NOT is_explicit AND NOT is_derived AS is_legacy
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    skip_reason = '' AND candidates = 0 AS failed_rows,
    countIf(is_explicit OR is_derived OR is_legacy) AS candidates,
    countIf(is_explicit) AS explicit_candidates,
    countIf(is_derived) AS derived_candidates,
    countIf(is_legacy) AS legacy_candidates,
    countIf(is_started) AS started_sessions,
    count() AS sessions_checked,
    groupArrayIf(20)(workflow_session_id, is_explicit OR is_derived OR is_legacy) AS candidate_ids,
    multiIf(
        candidates > 0, '',
        empty({published_by_scenario:Map(String, UInt64)}),
        'nothing to judge: no session of the window is in this scenario, and only a replay promises one',
        {published_by_scenario:Map(String, UInt64)}['scenario_3_success_with_swap'] = 0,
        'nothing to judge: nothing was published that can be a session of this scenario',
        sessions_checked = 0,
        'nothing to judge: no session in the window',
        ''
    ) AS skip_reason,
    multiIf(
        skip_reason = '', '',
        empty({published_by_scenario:Map(String, UInt64)}), 'an observation, which promises no scenario',
        {published_by_scenario:Map(String, UInt64)}['scenario_3_success_with_swap'] = 0, 'the ledger',
        ''
    ) AS explained_by
FROM judged;

-- MUTATION: sessions that swapped did not start
ALTER TABLE fact_workflow_sessions UPDATE startup_success = 0
WHERE swap_count > 0 OR inferred_orchestrator_change_count > 0;
