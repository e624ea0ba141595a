-- When this fails, the window has events but none that says who runs which model on which GPU, or these never got
-- typed: every session of the window stays without an orchestrator.
-- LAYER: typed

-- TEST: network_capabilities_raw_and_typed_present
WITH found AS (
    SELECT countIf(type = 'network_capabilities') AS raw_found, 0 AS typed_found, count() AS anything
    FROM streaming_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 0 AS raw_found, count() AS typed_found, count() AS anything
    FROM network_capabilities
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    sum(anything) > 0 AND least(raw_rows, typed_rows) = 0 AS failed_rows,
    sum(raw_found) AS raw_rows,
    sum(typed_found) AS typed_rows,
    if(sum(anything) = 0, 'nothing to judge: no event in the window', '') AS skip_reason
FROM found;

-- MUTATION: no capability event arrives
-- ALSO FAILS: raw_typed_network_capabilities_expected_in_window, raw_typed_network_capabilities_fanout_guard
-- ALSO FAILS: raw_typed_published_equals_ingested, raw_typed_rows_trace_to_raw, conservation_every_record_once_in_raw
DELETE FROM streaming_events WHERE type = 'network_capabilities';

-- MUTATION: no capability is typed
-- ALSO FAILS: raw_typed_network_capabilities_fanout_guard, conservation_named_rows_exist
-- ALSO FAILS: scenario_1_clean_success_no_swap_fps_gt_12_exists
DELETE FROM network_capabilities WHERE 1;
