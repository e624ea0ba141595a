-- The Kafka records with this id, as they arrived. `run_id` and `run_sequence` are headers of the replay; the sequence
-- is the position of the record in it. If nothing is here although later layers have rows, the raw consumer lost the
-- record, or the raw table no longer keeps it.
-- LAYER: raw

-- QUERY: 02_raw_records
SELECT
    source_topic,
    source_partition,
    source_offset,
    event_timestamp,
    type,
    headers['sp-run-id'] AS run_id,
    toUInt64OrNull(headers['sp-sequence']) AS run_sequence,
    source_record_timestamp,
    ingestion_timestamp,
    id,
    gateway,
    headers,
    parse_error,
    payload
FROM streaming_events
WHERE event_uid = {event:String}
ORDER BY source_topic, source_partition, source_offset;
