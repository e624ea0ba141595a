-- The session's newest row. `versions_stored` counts the physical rows that no merge has removed yet. The table is read
-- directly, because v_latest_sessions hides a session whose start is an absent time that was used as a time.
-- LAYER: sessions

-- QUERY: 12_fact_workflow_sessions
SELECT
    latest.*,
    (
        SELECT count() FROM fact_workflow_sessions AS stored WHERE stored.workflow_session_id = {sid:String}
    ) AS versions_stored
FROM fact_workflow_sessions AS latest FINAL
WHERE latest.workflow_session_id = {sid:String};
