-- In which hours are there events, and of which families? An hour without a bar has none: the source was silent, or
-- they were lost on the way.
-- PROFILE: hour

-- QUERY: 11_raw_events_by_hour
SELECT
    dateTrunc('hour', event_timestamp) AS hour,
    count() AS raw_events,
    countIf(type = 'ai_stream_status') AS ai_stream_status,
    countIf(type = 'stream_trace') AS stream_trace,
    countIf(type = 'ai_stream_events') AS ai_stream_events,
    countIf(type = 'stream_ingest_metrics') AS stream_ingest_metrics,
    countIf(type = 'network_capabilities') AS network_capabilities
FROM streaming_events
WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
GROUP BY hour
ORDER BY hour;
