-- The time of the newest fact of each kind. When it differs, the alarm for a stopped pipeline stays silent, or fires
-- while the pipeline runs. The two columns with the current time are exempt.

-- QUERY: v_health_rollup_freshness
WITH
newest_sessions AS (
    SELECT argMax(session_start_ts, (version, ingestion_timestamp)) AS started_at
    FROM fact_workflow_sessions
    GROUP BY workflow_session_id
    HAVING started_at > '2000-01-01 00:00:00'
)

SELECT
    'fact_stream_status_samples' AS table_name,
    max(toNullable(sample_ts)) AS max_event_ts
FROM fact_stream_status_samples
UNION ALL
SELECT
    'fact_workflow_sessions' AS table_name,
    max(toNullable(started_at)) AS max_event_ts
FROM newest_sessions;
