-- When this fails, bytes, time or headers in raw differ from those published: a consumer re-encoded or re-serialised
-- the event. Hashes, lineage ids and replays that are made from raw would all differ from the original.
-- LAYER: raw
-- RUNG: raw_complete

-- TEST: conservation_payload_byte_exact
WITH
compared AS (
    SELECT
        raw.source_partition AS source_partition,
        raw.source_offset AS source_offset,
        ledger.event_id AS event_id,
        ledger.workflow_session_id AS workflow_session_id,
        lower(hex(SHA256(raw.payload))) = lower(ledger.value_sha256) AS same_bytes,
        raw.source_record_timestamp = ledger.record_timestamp AS same_time,
        raw.headers['sp-sequence'] = toString(ledger.sequence) AS same_sequence,
        raw.headers['sp-run-id'] != '' AS names_its_run,
        same_bytes AND same_time AND same_sequence AND names_its_run AS is_same
    FROM streaming_events AS raw
    INNER JOIN replay_ledger AS ledger
        ON
            raw.source_topic = ledger.source_topic
            AND raw.source_partition = ledger.source_partition
            AND raw.source_offset = ledger.source_offset
)

SELECT
    countIf(NOT is_same) AS failed_rows,
    count() AS records_compared,
    countIf(NOT same_bytes) AS other_bytes,
    countIf(NOT same_time) AS other_record_time,
    countIf(NOT same_sequence) AS other_sequence_header,
    countIf(NOT names_its_run) AS without_run_header,
    groupArrayIf(20)((source_partition, source_offset, event_id), NOT is_same) AS partition_offset_id,
    groupUniqArrayIf(20)(workflow_session_id, NOT is_same) AS failing_workflow_session_ids,
    if(count() = 0, 'a record in the ledger that is also in raw', '') AS skip_reason
FROM compared;

-- MUTATION: one byte is added to a payload
ALTER TABLE streaming_events UPDATE payload = concat(payload, ' ')
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM payment_events ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: the headers of a record are lost
ALTER TABLE streaming_events UPDATE headers = map()
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM stream_trace_events ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: a record no longer says which run it belongs to
ALTER TABLE streaming_events UPDATE headers = mapFilter((name, value) -> name != 'sp-run-id', headers)
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM stream_trace_events ORDER BY source_partition, source_offset LIMIT 1
);
