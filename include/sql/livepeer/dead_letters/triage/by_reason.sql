-- Dead letters of the window, by the time at which they were written, by class and reason: the most frequent first.
-- LAYER: raw

-- QUERY: by_reason
SELECT
    failure_class,
    failure_reason,
    count() AS total,
    countIf(replay = 1) AS of_replays,
    min(ingestion_timestamp) AS first_seen,
    max(ingestion_timestamp) AS last_seen
FROM streaming_events_dlq
WHERE
    ingestion_timestamp >= {from_ts:DateTime64(3, 'UTC')}
    AND ingestion_timestamp < {to_ts:DateTime64(3, 'UTC')}
GROUP BY failure_class, failure_reason
ORDER BY total DESC, failure_class ASC, failure_reason ASC;
