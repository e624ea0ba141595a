-- When this fails, no session of the window was refused because there was no orchestrator, and then closed. Either the
-- set has lost that scenario, or edges are not assigned to their session, and refused demand is invisible. The
-- conditions are those of the discovery query of the same name.
-- LAYER: sessions

-- TEST: scenario_2_no_orchestrator_then_closed_exists
WITH judged AS (
    SELECT
        workflow_session_id,
        workflow_session_id IN (
            SELECT workflow_session_id
            FROM fact_stream_trace_edges
            WHERE trace_type = 'gateway_no_orchestrators_available'
        ) AS was_refused,
        NOT startup_success AND was_refused AND workflow_session_id IN (
            SELECT workflow_session_id
            FROM fact_stream_trace_edges
            WHERE trace_type = 'gateway_ingest_stream_closed'
        ) AS is_candidate
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    skip_reason = '' AND candidates = 0 AS failed_rows,
    countIf(is_candidate) AS candidates,
    countIf(was_refused) AS refused_sessions,
    count() AS sessions_checked,
    groupArrayIf(20)(workflow_session_id, is_candidate) AS candidate_ids,
    multiIf(
        candidates > 0, '',
        empty({published_by_scenario:Map(String, UInt64)}),
        'nothing to judge: no session of the window is in this scenario, and only a replay promises one',
        {published_by_scenario:Map(String, UInt64)}['scenario_2_no_orchestrator_then_closed'] = 0,
        'nothing to judge: nothing was published that can be a session of this scenario',
        sessions_checked = 0,
        'nothing to judge: no session in the window',
        ''
    ) AS skip_reason,
    multiIf(
        skip_reason = '', '',
        empty({published_by_scenario:Map(String, UInt64)}), 'an observation, which promises no scenario',
        {published_by_scenario:Map(String, UInt64)}['scenario_2_no_orchestrator_then_closed'] = 0, 'the ledger',
        ''
    ) AS explained_by
FROM judged;

-- MUTATION: refusals are lost
DELETE FROM fact_stream_trace_edges
WHERE trace_type = 'gateway_no_orchestrators_available';

-- MUTATION: closings are lost
DELETE FROM fact_stream_trace_edges
WHERE trace_type = 'gateway_ingest_stream_closed';

-- MUTATION: a refused session counts as started
ALTER TABLE fact_workflow_sessions UPDATE startup_success = 1
WHERE startup_excused = 1;
