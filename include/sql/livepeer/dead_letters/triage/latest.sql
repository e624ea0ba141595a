-- The latest dead letters of the window, with their bodies.
-- LAYER: raw

-- QUERY: latest
SELECT
    ingestion_timestamp,
    event_id,
    event_type,
    failure_class,
    failure_reason,
    failure_details,
    event_timestamp,
    replay,
    source_topic,
    source_partition,
    source_offset,
    payload_encoding,
    payload_body
FROM streaming_events_dlq
WHERE
    ingestion_timestamp >= {from_ts:DateTime64(3, 'UTC')}
    AND ingestion_timestamp < {to_ts:DateTime64(3, 'UTC')}
ORDER BY ingestion_timestamp DESC, source_partition DESC, source_offset DESC
LIMIT {latest:UInt32};
