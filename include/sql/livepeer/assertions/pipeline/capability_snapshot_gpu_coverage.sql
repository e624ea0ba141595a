-- When this fails, the dimension lists other GPUs than the capability events: a host with several GPUs lost some when
-- rows merged, or has GPUs that nobody announced. GPU metrics then name the wrong hardware.
-- LAYER: typed

-- TEST: capability_snapshot_gpu_coverage
WITH
by_key AS (
    SELECT
        uid,
        orchestrator,
        pipeline,
        model,
        uniqExactIf(gpu, NOT in_dimension) AS typed_gpus,
        uniqExactIf(gpu, in_dimension) AS dim_gpus,
        groupUniqArrayIf(gpu, NOT in_dimension) AS typed_set,
        arrayFilter(item -> NOT has(typed_set, item), groupUniqArrayIf(gpu, in_dimension)) AS added,
        typed_gpus + length(added) - dim_gpus AS deficit
    FROM (
        SELECT
            raw_event_uid AS uid,
            lower(orchestrator_address) AS orchestrator,
            pipeline,
            model_id AS model,
            ifNull(gpu_id, '') AS gpu,
            0 AS in_dimension
        FROM network_capabilities
        WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
        UNION ALL
        SELECT
            source_event_uid AS uid,
            orchestrator_address AS orchestrator,
            pipeline,
            model_id AS model,
            ifNull(gpu_id, '') AS gpu,
            1 AS in_dimension
        FROM dim_orchestrator_capability_snapshots
        WHERE snapshot_ts >= {from_ts:DateTime64(3, 'UTC')} AND snapshot_ts < {to_ts:DateTime64(3, 'UTC')}
    ) AS sides
    GROUP BY uid, orchestrator, pipeline, model
)

SELECT
    countIf(deficit > 0 OR notEmpty(added)) AS failed_rows,
    countIf(typed_gpus > 0) AS keys_checked,
    countIf(deficit > 0) AS loss_rows,
    countIf(dim_gpus = 0) AS missing_dim_keys,
    sum(deficit) AS total_gpu_deficit,
    countIf(notEmpty(added)) AS expansion_rows,
    sum(length(added)) AS total_gpu_surplus,
    groupArrayIf(20)(
        (uid, orchestrator, pipeline, model, typed_gpus, dim_gpus), deficit > 0 OR notEmpty(added)
    ) AS event_orchestrator_pipeline_model_typed_dim,
    if(count() = 0, 'nothing to judge: no typed capability and no snapshot of one in the window', '') AS skip_reason
FROM by_key;

-- MUTATION: one of two GPUs is lost
DELETE FROM dim_orchestrator_capability_snapshots
WHERE (source_event_uid, orchestrator_address, model_id, gpu_id) IN (
    SELECT raw_event_uid, orchestrator_address, model_id, max(gpu_id)
    FROM network_capabilities
    GROUP BY raw_event_uid, orchestrator_address, model_id
    HAVING uniqExact(gpu_id) > 1
);

-- MUTATION: an orchestrator is lost, others of the same event are not
DELETE FROM dim_orchestrator_capability_snapshots
WHERE orchestrator_address = (SELECT min(orchestrator_address) FROM network_capabilities);

-- MUTATION: a GPU that nobody announced
INSERT INTO dim_orchestrator_capability_snapshots
(
    snapshot_ts, source_event_uid, orchestrator_address, orchestrator_proxy_address, orchestrator_url, pipeline,
    model_id, capability_id, gpu_id
)
SELECT
    snapshot_ts,
    source_event_uid,
    orchestrator_address,
    orchestrator_proxy_address,
    orchestrator_url,
    pipeline,
    model_id,
    capability_id,
    'GPU-unheard-of'
FROM dim_orchestrator_capability_snapshots
ORDER BY orchestrator_address
LIMIT 1;

-- MUTATION: the typed table is empty, and snapshots stand over it
DELETE FROM network_capabilities WHERE 1;
