-- When this fails, a parameter update belongs to no session: changes by users cannot be related to the quality of their
-- stream. Sessions of all times count, because an update may come long after its session's start.
-- LAYER: sessions

-- TEST: param_updates_reference_existing_session
WITH judged AS (
    SELECT
        workflow_session_id,
        source_event_uid,
        workflow_session_id NOT IN (SELECT workflow_session_id FROM v_latest_sessions) AS is_orphan
    FROM v_latest_param_updates
    WHERE update_ts >= {from_ts:DateTime64(3, 'UTC')} AND update_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(is_orphan) AS failed_rows,
    countIf(is_orphan) AS orphan_param_updates,
    count() AS param_updates_checked,
    groupArrayIf(20)(source_event_uid, is_orphan) AS orphan_events,
    groupUniqArrayIf(20)(workflow_session_id, is_orphan) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no parameter update in the window', '') AS skip_reason
FROM judged;

-- MUTATION: an update of a session that never was
INSERT INTO fact_workflow_param_updates (workflow_session_id, update_ts, source_event_uid, version)
SELECT 'ghost|ghost', update_ts, 'ghost', version FROM fact_workflow_param_updates
ORDER BY workflow_session_id
LIMIT 1;
