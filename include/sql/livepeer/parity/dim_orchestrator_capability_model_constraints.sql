-- The models that an orchestrator offered, and the capacity for each, from the typed rows. The capacity of demand by
-- GPU comes from here. When it differs, streams go to full hosts, or hosts are bought that are not needed.

-- QUERY: dim_orchestrator_capability_model_constraints
SELECT
    offered.event_timestamp AS snapshot_ts,
    toDate(offered.event_timestamp) AS snapshot_date,
    offered.raw_event_uid AS source_event_uid,
    lower(offered.orchestrator_address) AS orchestrator_address,
    lower(offered.local_address) AS orchestrator_proxy_address,
    offered.orch_uri AS orchestrator_url,
    offered.capability_id AS capability_id,
    offered.capability_name AS capability_name,
    offered.capability_group AS capability_group,
    offered.capability_catalog_version AS capability_catalog_version,
    offered.model_id AS model_id,
    offered.runner_version AS runner_version,
    offered.capacity AS capacity,
    offered.capacity_in_use AS capacity_in_use,
    CAST(offered.warm, 'Nullable(UInt8)') AS warm
FROM network_capabilities_model_constraints AS offered;
