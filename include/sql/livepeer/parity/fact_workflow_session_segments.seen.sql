-- The segments of the newest version of each session. A merge never removes the last segments of a session that has
-- fewer now; without this filter, they would name an orchestrator that did not serve it.

-- QUERY: fact_workflow_session_segments
SELECT
    * EXCEPT (newest_version),
    segment_date
FROM (
    SELECT
        *,
        segment_date,
        max(version) OVER (PARTITION BY workflow_session_id) AS newest_version
    FROM fact_workflow_session_segments FINAL
) AS versions
WHERE version = newest_version;
