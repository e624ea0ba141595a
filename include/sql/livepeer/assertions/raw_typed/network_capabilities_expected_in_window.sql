-- When this fails, no orchestrator told what it offers: every session of the window would stay without an
-- orchestrator, a model and a GPU, however healthy its own events are.
-- LAYER: raw

-- TEST: raw_typed_network_capabilities_expected_in_window
SELECT
    records > 0 AND raw_rows = 0 AS failed_rows,
    countIf(type = 'network_capabilities') AS raw_rows,
    count() AS records,
    if(records = 0, 'nothing to judge: no record in the window', '') AS skip_reason
FROM streaming_events
WHERE
    event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
    AND event_timestamp < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: no capability event arrives
-- ALSO FAILS: raw_typed_published_equals_ingested, raw_typed_network_capabilities_fanout_guard
-- ALSO FAILS: raw_typed_rows_trace_to_raw, conservation_every_record_once_in_raw
-- ALSO FAILS: network_capabilities_raw_and_typed_present
DELETE FROM streaming_events
WHERE type = 'network_capabilities';
