-- The model on each card of each orchestrator, from the typed capability rows. When a row is lost, or a card moves to
-- another host, every hour and every price comparison above shows the wrong hardware.

-- QUERY: dim_orchestrator_capability_snapshots
SELECT
    offered.event_timestamp AS snapshot_ts,
    toDate(offered.event_timestamp) AS snapshot_date,
    offered.raw_event_uid AS source_event_uid,
    lower(offered.orchestrator_address) AS orchestrator_address,
    lower(offered.local_address) AS orchestrator_proxy_address,
    offered.orch_uri AS orchestrator_url,
    offered.pipeline AS pipeline,
    offered.model_id AS model_id,
    coalesce(offered.capability_id, 0) AS capability_id,
    coalesce(offered.capability_name, 'unknown') AS capability_name,
    coalesce(offered.capability_group, 'unknown') AS capability_group,
    offered.gpu_id AS gpu_id,
    offered.gpu_name AS gpu_name,
    offered.gpu_memory_total AS gpu_memory_total,
    offered.gpu_major AS gpu_major,
    offered.gpu_minor AS gpu_minor,
    offered.runner_version AS runner_version,
    -- Nothing that is published names a region.
    CAST(NULL, 'Nullable(String)') AS region
FROM network_capabilities AS offered;
