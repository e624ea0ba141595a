-- The newest latencies of each session. When they differ, orchestrators are measured by start-up times that were
-- computed before all milestones had arrived.

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
