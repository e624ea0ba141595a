-- When this fails, a view serves rows that have not passed the later stages of the pipeline: typed and raw rows name
-- proxies instead of orchestrators, and repeat sessions. Payments are the documented exception: they have no fact
-- table.
-- LAYER: views

-- TEST: serving_views_do_not_reference_typed_raw_tables
WITH views AS (
    SELECT
        name,
        arrayFilter(
            source -> match(as_select, concat('\\b', source, '\\b')),
            [
                'streaming_events',
                'streaming_events_dlq',
                'streaming_events_quarantine',
                'ai_stream_status',
                'stream_trace_events',
                'ai_stream_events',
                'stream_ingest_metrics',
                'network_capabilities',
                'network_capabilities_advertised',
                'network_capabilities_model_constraints',
                'network_capabilities_prices',
                'discovery_results'
            ]
        ) AS sources
    FROM system.tables
    WHERE
        database = currentDatabase()
        AND engine = 'View'
        AND (startsWith(name, 'v_') OR startsWith(name, 'agg_') OR startsWith(name, 'dim_'))
)

SELECT
    countIf(notEmpty(sources)) AS failed_rows,
    count() AS views_checked,
    groupArrayIf(20)((name, sources), notEmpty(sources)) AS view_and_sources,
    if(views_checked = 0, 'nothing to judge: there is no serving view', '') AS skip_reason
FROM views;

-- MUTATION: a view serves typed rows
CREATE VIEW v_api_latest_prices AS
SELECT orchestrator_address, capability_id, argMax(price_per_unit, event_timestamp) AS price_per_unit
FROM network_capabilities_prices
GROUP BY orchestrator_address, capability_id;
