-- Records of the session that were rejected, and why: dead letters, and duplicates in quarantine. A body that is not
-- JSON contains no session id. Such records are in the run's diagnostics, not here.
-- LAYER: raw

-- QUERY: 02_rejects
SELECT
    source_record_timestamp,
    toString(_table) AS reject_table,
    event_type,
    failure_stage,
    failure_class,
    failure_reason,
    failure_details,
    event_id,
    source_topic,
    source_partition,
    source_offset,
    dedup_key,
    dedup_strategy,
    replay,
    payload_body
FROM merge('^streaming_events_(dlq|quarantine)$')
WHERE
    event_type IN ('ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics')
    AND concat(
        trimBoth(JSONExtractString(payload_body, 'data', 'stream_id')),
        '|',
        trimBoth(JSONExtractString(payload_body, 'data', 'request_id'))
    ) = {ids:String}
    AND match(if(event_id = '', lower(hex(SHA256(payload_body))), event_id), {event_pattern:String})
ORDER BY source_record_timestamp, source_partition, source_offset;
