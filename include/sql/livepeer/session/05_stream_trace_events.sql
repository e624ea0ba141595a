-- Milestones of the session as typed rows; `data_timestamp` is the emitting component's own time.
-- LAYER: typed

-- QUERY: 05_stream_trace_events
SELECT
    data_timestamp,
    trace_type,
    orchestrator_address,
    orchestrator_url,
    * EXCEPT (data_timestamp, trace_type, orchestrator_address, orchestrator_url, raw_json)
FROM stream_trace_events
WHERE
    concat(trimBoth(stream_id), '|', trimBoth(request_id)) = {ids:String}
    AND match(raw_event_uid, {event_pattern:String})
ORDER BY data_timestamp, source_partition, source_offset;
