-- Did anything arrive, and was anything rejected? If these counts are 0, look at the replay, the broker and
-- ClickHouse's Kafka consumer. A table without a row in the window shows null times, never 1970.

-- QUERY: 01_raw_ingest
WITH
arrivals AS (
    SELECT 'streaming_events' AS object_name, event_timestamp AS ts
    FROM streaming_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'streaming_events_dlq' AS object_name, source_record_timestamp AS ts
    FROM streaming_events_dlq
    WHERE
        source_record_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND source_record_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'streaming_events_quarantine' AS object_name, source_record_timestamp AS ts
    FROM streaming_events_quarantine
    WHERE
        source_record_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND source_record_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

objects AS (
    SELECT
        arrayJoin([(1, 'streaming_events'), (2, 'streaming_events_dlq'), (3, 'streaming_events_quarantine')]) AS listed,
        listed.1 AS position,
        listed.2 AS object_name
)

SELECT
    objects.object_name AS object_name,
    count(arrivals.ts) AS rows_window,
    min(arrivals.ts) AS min_ts,
    max(arrivals.ts) AS max_ts
FROM objects
LEFT JOIN arrivals ON objects.object_name = arrivals.object_name
GROUP BY objects.position, objects.object_name
ORDER BY objects.position
SETTINGS join_use_nulls = 1;
