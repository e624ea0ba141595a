-- The newest latencies of each session. Where they differ, the start-up times that orchestrators are measured by are
-- those of a session's first minutes, before the milestones had arrived.

-- QUERY: v_latest_latency_samples
WITH
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY workflow_session_id ORDER BY version DESC, ingestion_timestamp DESC) AS recency
    FROM fact_workflow_latency_samples
)

SELECT * EXCEPT (recency)
FROM ranked
WHERE recency = 1 AND sample_ts > '2000-01-01 00:00:00';
