-- The segments of the newest version of each session: a merge never removes the last of a session that has fewer now.
-- Read without this, an orchestrator that never served would be told of.

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
