-- Did the typed rows become silver facts? If there are typed rows but no silver rows, look at the processor's log. A
-- table without a row in the window shows null times, never 1970. A trace edge has the time that the emitting component
-- gave, which may differ from the time of its typed row.

-- QUERY: 03_silver_projection_counts
WITH
facts AS (
    SELECT 'fact_stream_status_samples' AS object_name, sample_ts AS ts
    FROM fact_stream_status_samples
    UNION ALL
    SELECT 'fact_stream_trace_edges' AS object_name, edge_ts AS ts
    FROM fact_stream_trace_edges
    UNION ALL
    SELECT 'fact_stream_ingest_samples' AS object_name, sample_ts AS ts
    FROM fact_stream_ingest_samples
),

in_window AS (
    SELECT object_name, ts
    FROM facts
    WHERE ts >= {from_ts:DateTime64(3, 'UTC')} AND ts < {to_ts:DateTime64(3, 'UTC')}
),

objects AS (
    SELECT arrayJoin(
        ['fact_stream_ingest_samples', 'fact_stream_status_samples', 'fact_stream_trace_edges']
    ) AS object_name
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
