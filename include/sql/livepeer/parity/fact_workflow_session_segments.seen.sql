-- The segments of each session's newest version: a merge never removes the last segments of a session that has fewer now.

-- QUERY: fact_workflow_session_segments
SELECT * EXCEPT (newest_version), segment_date
FROM (
    SELECT
        *,
        segment_date,
        max(version) OVER (PARTITION BY workflow_session_id) AS newest_version
    FROM fact_workflow_session_segments FINAL
)
WHERE version = newest_version;
