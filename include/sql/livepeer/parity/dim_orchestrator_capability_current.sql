-- The last snapshot of each GPU of each orchestrator, as a whole. When it differs, the network is shown with hardware
-- that was removed, or with a GPU that is a mixture of two snapshots.

-- QUERY: dim_orchestrator_capability_current
WITH
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY orchestrator_address, pipeline, model_id, capability_id, gpu_id
            ORDER BY
                snapshot_ts DESC, ingestion_timestamp DESC, source_event_uid DESC,
                orchestrator_url DESC, orchestrator_proxy_address DESC
        ) AS recency
    FROM dim_orchestrator_capability_snapshots
)

SELECT
    orchestrator_address,
    pipeline,
    model_id,
    capability_id,
    gpu_id,
    orchestrator_proxy_address,
    orchestrator_url,
    toString(capability_name) AS capability_name,
    toString(capability_group) AS capability_group,
    gpu_name,
    gpu_memory_total,
    gpu_major,
    gpu_minor,
    runner_version,
    region,
    snapshot_ts AS latest_snapshot_ts
FROM ranked
WHERE recency = 1;
