-- Transport statistics of the session's ingest leg as typed rows.
-- LAYER: typed

-- QUERY: 07_stream_ingest_metrics
SELECT * EXCEPT (raw_json)
FROM stream_ingest_metrics
WHERE
    concat(trimBoth(stream_id), '|', trimBoth(request_id)) = {ids:String}
    AND match(raw_event_uid, {event_pattern:String})
ORDER BY event_timestamp, source_partition, source_offset;
