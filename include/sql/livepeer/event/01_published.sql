-- What the replay published under this id, and what was expected of it. An event without an id is known by the hash of
-- its bytes. A production warehouse does not have this table.
-- LAYER: published

-- QUERY: 01_published
SELECT
    sequence,
    event_timestamp,
    event_type,
    expected_disposition,
    expected_class,
    expected_reason,
    scenario,
    workflow_session_id,
    source_topic,
    source_partition,
    source_offset,
    record_timestamp,
    value_kind,
    value_sha256
FROM replay_ledger
WHERE if(event_id = '', value_sha256, event_id) = {event:String}
ORDER BY sequence;
