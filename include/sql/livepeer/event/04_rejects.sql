-- Where the event was rejected, and why: dead letters, and duplicates in quarantine.
-- LAYER: rejects

-- QUERY: 04_rejects
SELECT
    source_record_timestamp,
    toString(_table) AS reject_table,
    event_type,
    failure_stage,
    failure_class,
    failure_reason,
    failure_details,
    source_topic,
    source_partition,
    source_offset,
    dedup_key,
    dedup_strategy,
    replay,
    payload_body
FROM merge('^streaming_events_(dlq|quarantine)$')
WHERE
    event_id = {event:String}
    OR (source_topic, source_partition, source_offset) IN (
        SELECT raw.source_topic, raw.source_partition, raw.source_offset
        FROM streaming_events AS raw
        WHERE raw.event_uid = {event:String}
    )
ORDER BY source_record_timestamp, source_partition, source_offset;
