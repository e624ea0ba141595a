-- Did the signals become sessions? The counts are physical rows: they include all versions that no merge has removed
-- yet. Query 05 counts sessions. If there are silver rows but no sessions, look at the processor's log. A table without
-- a row in the window shows null times, never 1970.

-- QUERY: 04_stateful_fact_counts
WITH
facts AS (
    SELECT 'fact_workflow_sessions' AS object_name, session_start_ts AS ts
    FROM fact_workflow_sessions
    UNION ALL
    SELECT 'fact_workflow_session_segments' AS object_name, segment_start_ts AS ts
    FROM fact_workflow_session_segments
    UNION ALL
    SELECT 'fact_workflow_param_updates' AS object_name, update_ts AS ts
    FROM fact_workflow_param_updates
    UNION ALL
    SELECT 'fact_workflow_latency_samples' AS object_name, sample_ts AS ts
    FROM fact_workflow_latency_samples
    UNION ALL
    SELECT 'fact_lifecycle_edge_coverage' AS object_name, signal_ts AS ts
    FROM fact_lifecycle_edge_coverage
),

in_window AS (
    SELECT object_name, ts
    FROM facts
    WHERE ts >= {from_ts:DateTime64(3, 'UTC')} AND ts < {to_ts:DateTime64(3, 'UTC')}
),

objects AS (
    SELECT arrayJoin([
        'fact_lifecycle_edge_coverage',
        'fact_workflow_latency_samples',
        'fact_workflow_param_updates',
        'fact_workflow_session_segments',
        'fact_workflow_sessions'
    ]) AS object_name
)

SELECT
    objects.object_name AS object_name,
    count(in_window.ts) AS rows_window,
    min(in_window.ts) AS min_ts,
    max(in_window.ts) AS max_ts
FROM objects
LEFT JOIN in_window ON objects.object_name = in_window.object_name
GROUP BY objects.object_name
ORDER BY objects.object_name
SETTINGS join_use_nulls = 1;
