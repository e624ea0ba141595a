-- Errors, parameter updates and notices of the session as typed rows.
-- LAYER: typed

-- QUERY: 06_ai_stream_events
SELECT * EXCEPT (raw_json)
FROM ai_stream_events
WHERE
    concat(trimBoth(stream_id), '|', trimBoth(request_id)) = {ids:String}
    AND match(raw_event_uid, {event_pattern:String})
ORDER BY event_timestamp, source_partition, source_offset;
