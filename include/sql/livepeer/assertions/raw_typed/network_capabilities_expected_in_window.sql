-- When this fails, no orchestrator told what it offers: every session of the window would stay without an
-- orchestrator, a model and a GPU, however healthy its own events are.
-- LAYER: raw

-- TEST: raw_typed_network_capabilities_expected_in_window
SELECT
    count() = 0 AS failed_rows,
    count() AS raw_rows
FROM streaming_events
WHERE
    type = 'network_capabilities'
    AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
    AND event_timestamp < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: no capability event arrives
-- ALSO FAILS: raw_typed_published_equals_ingested, raw_typed_network_capabilities_fanout_guard
-- ALSO FAILS: raw_typed_rows_trace_to_raw, conservation_every_record_once_in_raw
DELETE FROM streaming_events
WHERE type = 'network_capabilities';
