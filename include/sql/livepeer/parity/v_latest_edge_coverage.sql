-- The known startup edges of a session at each of its signals, in the newest version. When it differs, a search for
-- missing milestones finds sessions that have them.

-- QUERY: v_latest_edge_coverage
WITH
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY workflow_session_id, signal_ts, source_event_uid
            ORDER BY version DESC, ingestion_timestamp DESC
        ) AS recency
    FROM fact_lifecycle_edge_coverage
)

SELECT * EXCEPT (recency)
FROM ranked
WHERE recency = 1;
