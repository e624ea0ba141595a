-- Did the events become typed rows? If there are raw rows but no typed rows, look at the rejects, then at the
-- processor's log. A table without a row in the window shows null times, never 1970.

-- QUERY: 02_typed_tables
WITH
typed AS (
    SELECT _table AS object_name, event_timestamp AS ts
    FROM merge('^(ai_stream_status|stream_trace_events|ai_stream_events|stream_ingest_metrics|network_capabilities)$')
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

objects AS (
    SELECT arrayJoin(
        ['ai_stream_events', 'ai_stream_status', 'network_capabilities', 'stream_ingest_metrics', 'stream_trace_events']
    ) AS object_name
)

SELECT
    objects.object_name AS object_name,
    count(typed.ts) AS rows_window,
    min(typed.ts) AS min_ts,
    max(typed.ts) AS max_ts
FROM objects
LEFT JOIN typed ON objects.object_name = typed.object_name
GROUP BY objects.object_name
ORDER BY objects.object_name
SETTINGS join_use_nulls = 1;
