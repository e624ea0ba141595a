-- The typed rows that the event became, by table. A capability event becomes many rows. If the event is raw and has
-- neither typed rows nor rejects, the dispositions say whether it was ignored.
-- LAYER: typed

-- QUERY: 05_typed_rows
WITH
typed AS (
    SELECT
        'ai_stream_status' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM ai_stream_status
    WHERE raw_event_uid = {event:String}
    UNION ALL
    SELECT
        'stream_trace_events' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM stream_trace_events
    WHERE raw_event_uid = {event:String}
    UNION ALL
    SELECT
        'ai_stream_events' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM ai_stream_events
    WHERE raw_event_uid = {event:String}
    UNION ALL
    SELECT
        'stream_ingest_metrics' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM stream_ingest_metrics
    WHERE raw_event_uid = {event:String}
    UNION ALL
    SELECT
        'network_capabilities' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM network_capabilities
    WHERE raw_event_uid = {event:String}
    UNION ALL
    SELECT
        'network_capabilities_advertised' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM network_capabilities_advertised
    WHERE raw_event_uid = {event:String}
    UNION ALL
    SELECT
        'network_capabilities_model_constraints' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM network_capabilities_model_constraints
    WHERE raw_event_uid = {event:String}
    UNION ALL
    SELECT
        'network_capabilities_prices' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM network_capabilities_prices
    WHERE raw_event_uid = {event:String}
    UNION ALL
    SELECT
        'discovery_results' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM discovery_results
    WHERE raw_event_uid = {event:String}
    UNION ALL
    SELECT
        'payment_events' AS typed_table,
        event_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM payment_events
    WHERE raw_event_uid = {event:String}
)

SELECT
    typed_table,
    count() AS row_count,
    min(event_timestamp) AS first_event_timestamp,
    source_topic,
    source_partition,
    source_offset
FROM typed
GROUP BY typed_table, source_topic, source_partition, source_offset
ORDER BY typed_table, source_partition, source_offset;
