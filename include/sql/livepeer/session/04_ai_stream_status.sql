-- Health samples of the session as typed rows. If the family has raw records but no rows here, look at the rejects
-- (query 02).
-- LAYER: typed

-- QUERY: 04_ai_stream_status
SELECT
    event_timestamp,
    state,
    output_fps,
    input_fps,
    orchestrator_address,
    orchestrator_url,
    * EXCEPT (event_timestamp, state, output_fps, input_fps, orchestrator_address, orchestrator_url, raw_json)
FROM ai_stream_status
WHERE
    concat(trimBoth(stream_id), '|', trimBoth(request_id)) = {ids:String}
    AND match(raw_event_uid, {event_pattern:String})
ORDER BY event_timestamp, source_partition, source_offset;
