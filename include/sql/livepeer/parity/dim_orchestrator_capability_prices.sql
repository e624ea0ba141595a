-- The prices of an orchestrator, by capability and constraint, from the typed rows. When it differs, jobs are charged
-- with the price of another orchestrator or another model.

-- QUERY: dim_orchestrator_capability_prices
SELECT
    priced.event_timestamp AS snapshot_ts,
    toDate(priced.event_timestamp) AS snapshot_date,
    priced.raw_event_uid AS source_event_uid,
    lower(priced.orchestrator_address) AS orchestrator_address,
    lower(priced.local_address) AS orchestrator_proxy_address,
    priced.orch_uri AS orchestrator_url,
    priced.capability_id AS capability_id,
    priced.capability_name AS capability_name,
    priced.capability_group AS capability_group,
    priced.capability_catalog_version AS capability_catalog_version,
    priced.constraint_name AS constraint_name,
    priced.price_per_unit AS price_per_unit,
    priced.pixels_per_unit AS pixels_per_unit
FROM network_capabilities_prices AS priced;
