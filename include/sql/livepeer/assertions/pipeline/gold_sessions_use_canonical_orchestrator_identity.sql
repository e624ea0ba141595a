-- When this fails, a session is credited to a wallet that no orchestrator ever announced as its own, usually a proxy's.
-- Wallets of all times count, because a session may use an announcement from long before the window. An orchestrator
-- without hardware is known from its other announcements.
-- LAYER: sessions

-- TEST: gold_sessions_use_canonical_orchestrator_identity
WITH
judged AS (
    SELECT
        workflow_session_id,
        lower(orchestrator_address) AS orchestrator,
        orchestrator NOT IN (
            SELECT DISTINCT lower(orchestrator_address)
            FROM merge('^network_capabilities(_advertised|_model_constraints|_prices)?$')
            WHERE orchestrator_address != ''
        ) AS is_stranger
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND orchestrator_address != ''
)

SELECT
    noncanonical_session_orchestrators AS failed_rows,
    uniqExactIf(orchestrator, is_stranger) AS noncanonical_session_orchestrators,
    uniqExact(orchestrator) AS session_orchestrators_checked,
    groupUniqArrayIf(20)(orchestrator, is_stranger) AS strangers,
    groupArrayIf(20)(workflow_session_id, is_stranger) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session with an orchestrator starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: a session belongs to a wallet that nobody knows
ALTER TABLE fact_workflow_sessions UPDATE orchestrator_address = '0x00000000000000000000000000000000000000ff'
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE orchestrator_address != ''
);
