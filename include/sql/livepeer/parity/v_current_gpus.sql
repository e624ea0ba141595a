-- The hardware on which a model last ran, by GPU. When it differs, the performance of one GPU is shown under the name
-- of another, and a buyer chooses the wrong one.

-- QUERY: v_current_gpus
WITH
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY orchestrator_address, model_id, gpu_id
            ORDER BY
                snapshot_ts DESC, pipeline DESC, capability_id DESC, ingestion_timestamp DESC, source_event_uid DESC,
                orchestrator_url DESC, orchestrator_proxy_address DESC
        ) AS recency
    FROM dim_orchestrator_capability_snapshots
    WHERE coalesce(gpu_id, '') != ''
)

SELECT
    orchestrator_address,
    model_id,
    coalesce(gpu_id, '') AS gpu_id,
    gpu_name,
    gpu_memory_total,
    runner_version,
    if(
        gpu_major IS NULL OR gpu_minor IS NULL,
        NULL,
        format('{}.{}', toString(coalesce(gpu_major, 0)), toString(coalesce(gpu_minor, 0)))
    ) AS cuda_version
FROM ranked
WHERE recency = 1;
