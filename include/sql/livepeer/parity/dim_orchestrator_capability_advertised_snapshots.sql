-- The capabilities that an orchestrator advertised, and the capacity of each, from the typed rows. When it differs,
-- operators see capabilities that nobody offers, or miss those that are offered.

-- QUERY: dim_orchestrator_capability_advertised_snapshots
SELECT
    advertised.event_timestamp AS snapshot_ts,
    toDate(advertised.event_timestamp) AS snapshot_date,
    advertised.raw_event_uid AS source_event_uid,
    lower(advertised.orchestrator_address) AS orchestrator_address,
    lower(advertised.local_address) AS orchestrator_proxy_address,
    advertised.orch_uri AS orchestrator_url,
    advertised.capability_id AS capability_id,
    advertised.capability_name AS capability_name,
    advertised.capability_group AS capability_group,
    advertised.capability_catalog_version AS capability_catalog_version,
    advertised.capacity AS capacity
FROM network_capabilities_advertised AS advertised;
