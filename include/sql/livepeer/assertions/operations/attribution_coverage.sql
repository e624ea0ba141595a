-- When this fails, too many sessions that an orchestrator served are nobody's: its URL or wallet is on their samples or
-- edges, and yet no canonical wallet was found. Use and failures then count for nobody, and compliance looks better
-- than it is. One in five may stay unresolved: an orchestrator that has just joined or changed its wallet is unknown
-- until its next capability event. More means that these events no longer arrive, or that wallets no longer match.
-- LAYER: sessions

-- TEST: attribution_coverage
WITH judged AS (
    SELECT
        workflow_session_id,
        orchestrator_address != '' AS is_resolved
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND known_stream = 1
        AND workflow_session_id IN (
            SELECT workflow_session_id FROM fact_stream_status_samples
            WHERE orchestrator_url != '' OR orchestrator_address != ''
            UNION ALL
            SELECT workflow_session_id FROM fact_stream_trace_edges
            WHERE orchestrator_url != '' OR orchestrator_address != ''
        )
)

SELECT
    if(coverage < 0.8, countIf(NOT is_resolved), 0) AS failed_rows,
    count() AS served_sessions,
    countIf(is_resolved) AS resolved_sessions,
    if(served_sessions = 0, 1, resolved_sessions / served_sessions) AS coverage,
    0.8 AS least_coverage,
    groupArrayIf(20)(workflow_session_id, NOT is_resolved) AS unresolved_session_ids,
    if(coverage < 0.8, unresolved_session_ids, []) AS failing_workflow_session_ids,
    if(
        served_sessions = 0, 'nothing to judge: no known session in the window that an orchestrator served', ''
    ) AS skip_reason
FROM judged;

-- MUTATION: sessions without an orchestrator had one all the same
ALTER TABLE fact_stream_trace_edges UPDATE orchestrator_url = 'https://unknown.example:8935'
WHERE workflow_session_id IN (SELECT workflow_session_id FROM fact_workflow_sessions WHERE orchestrator_address = '');
