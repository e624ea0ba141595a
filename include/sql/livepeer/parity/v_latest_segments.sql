-- The segments of a session's newest version, each in its newest row. When they differ, a swap that a late event has
-- revoked still counts, and an orchestrator is blamed for it.

-- QUERY: v_latest_segments
WITH
ranked AS (
    SELECT
        *,
        version = max(version) OVER (PARTITION BY workflow_session_id) AS is_of_newest,
        row_number() OVER (
            PARTITION BY workflow_session_id, segment_index
            ORDER BY version DESC, ingestion_timestamp DESC
        ) AS recency
    FROM fact_workflow_session_segments
)

SELECT * EXCEPT (is_of_newest, recency)
FROM ranked
WHERE is_of_newest AND recency = 1;
