-- What a capability event says about orchestrators, as the attribution looks it up.
-- LAYER: dimensions

-- QUERY: 09_capability_snapshots
SELECT
    snapshot_ts,
    orchestrator_address,
    orchestrator_proxy_address,
    orchestrator_url,
    pipeline,
    model_id,
    gpu_id,
    gpu_name,
    runner_version
FROM dim_orchestrator_capability_snapshots
WHERE source_event_uid = {event:String}
ORDER BY orchestrator_address, orchestrator_url, model_id, gpu_id;
