-- The newest version of each session as one whole row, without sessions whose start is an absent time. When it differs,
-- every figure computed from sessions counts outcomes that have been revised, or counts a session twice.

-- QUERY: v_latest_sessions
WITH
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY workflow_session_id ORDER BY version DESC, ingestion_timestamp DESC) AS recency
    FROM fact_workflow_sessions
)

SELECT * EXCEPT (recency)
FROM ranked
WHERE recency = 1 AND session_start_ts > '2000-01-01 00:00:00';
