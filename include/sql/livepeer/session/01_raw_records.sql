-- Every Kafka record of the session, as it arrived. If none is here although later layers have rows, the raw consumer
-- lost records, or the raw table no longer keeps them. Payments are in query 08.
-- LAYER: raw

-- QUERY: 01_raw_records
SELECT
    event_timestamp,
    type,
    coalesce(nullIf(JSONExtractString(data, 'type'), ''), JSONExtractString(data, 'state')) AS says,
    id,
    gateway,
    source_topic,
    source_partition,
    source_offset,
    source_record_timestamp,
    headers,
    parse_error,
    payload
FROM streaming_events
WHERE
    type IN ('ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics')
    AND concat(
        trimBoth(JSONExtractString(data, 'stream_id')), '|', trimBoth(JSONExtractString(data, 'request_id'))
    ) = {ids:String}
    AND (
        {event_pattern:String} = ''
        OR match(event_uid, {event_pattern:String})
    )
ORDER BY event_timestamp, source_partition, source_offset;
