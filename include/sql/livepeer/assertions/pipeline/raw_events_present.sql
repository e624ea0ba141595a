-- When this fails, no stream told anything in the window although other parts of the warehouse hold data: a gateway
-- stopped sending, or a whole table was lost, and every rate over the window would be made of nothing. Notices and
-- transport statistics are not asked for: a window may rightly have none. That raw itself is empty, others say, too.
-- LAYER: typed

-- TEST: raw_events_present
WITH found AS (
    SELECT 'streaming_events' AS object, 1 AS is_core, count() AS rows_found
    FROM streaming_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'ai_stream_status' AS object, 1 AS is_core, count() AS rows_found
    FROM ai_stream_status
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'stream_trace_events' AS object, 1 AS is_core, count() AS rows_found
    FROM stream_trace_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_workflow_sessions' AS object, 0 AS is_core, count() AS rows_found
    FROM fact_workflow_sessions
    WHERE session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    if(sum(rows_found) = 0, 0, countIf(is_core AND rows_found = 0)) AS failed_rows,
    groupArrayIf(object, is_core AND rows_found = 0) AS missing_objects,
    groupArray((object, rows_found)) AS object_and_rows,
    if(sum(rows_found) = 0, 'nothing to judge: no row in the window', '') AS skip_reason
FROM found;

-- MUTATION: the raw layer is empty
-- ALSO FAILS: raw_typed_auxiliary_parity, raw_typed_core_1to1_parity, raw_typed_rows_trace_to_raw
-- ALSO FAILS: raw_typed_network_capabilities_expected_in_window, raw_typed_network_capabilities_fanout_guard
-- ALSO FAILS: raw_typed_published_equals_ingested, conservation_every_record_once_in_raw
-- ALSO FAILS: core_raw_to_silver_gold_nonempty, network_capabilities_raw_and_typed_present
DELETE FROM streaming_events WHERE 1;

-- MUTATION: no health sample is typed
-- ALSO FAILS: raw_typed_accounting_identity, raw_typed_core_1to1_parity, conservation_named_rows_exist
DELETE FROM ai_stream_status WHERE 1;

-- MUTATION: no milestone is typed
-- ALSO FAILS: raw_typed_accounting_identity, raw_typed_core_1to1_parity, conservation_named_rows_exist
DELETE FROM stream_trace_events WHERE 1;
