-- The dead letters in a form that can be predicted. The contract does not define the text of an exception. Where
-- `failure_details` is such a text, it only has to be non-blank. All other details are compared.

-- QUERY: streaming_events_dlq
SELECT
    schema_version,
    source_topic,
    source_partition,
    source_offset,
    source_record_timestamp,
    event_id,
    event_type,
    event_version,
    event_timestamp,
    event_date,
    dedup_key,
    dedup_strategy,
    replay,
    failure_stage,
    failure_class,
    failure_reason,
    if(
        failure_reason IN ('json_parse_error', 'parse_exception') AND dlq.failure_details != '',
        '(free text)',
        dlq.failure_details
    ) AS failure_details,
    orchestrator,
    broadcaster,
    region,
    payload_encoding,
    payload_body,
    payload_canonical_json
FROM streaming_events_dlq AS dlq
