-- When this fails, the GPU view has duplicate keys, and a sum over the rows of an orchestrator counts its sessions
-- twice. If every key is unique, the number of rows of the view minus the number of keys of the minute rollup equals
-- the number of keys that only the view has. A duplicate key breaks this equation.
-- LAYER: views

-- TEST: gpu_count_delta_explained_by_key_overlap
WITH
sides AS (
    SELECT
        dateTrunc('hour', window_start) AS hour,
        orchestrator_address AS orchestrator,
        pipeline AS workflow,
        model_id AS model,
        gpu_id AS gpu,
        region AS place,
        toInt64(1) AS rollup_keys,
        toInt64(0) AS view_rows
    FROM agg_stream_performance_1m
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < dateTrunc('hour', {to_ts:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND)
    GROUP BY hour, orchestrator, workflow, model, gpu, place
    UNION ALL
    SELECT
        window_start,
        orchestrator_address,
        pipeline,
        model_id,
        gpu_id,
        region,
        0,
        1
    FROM v_api_gpu_metrics
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
),

by_key AS (
    SELECT
        hour,
        orchestrator,
        workflow,
        model,
        gpu,
        place,
        sum(rollup_keys) AS in_rollup,
        sum(view_rows) AS in_view
    FROM sides
    GROUP BY hour, orchestrator, workflow, model, gpu, place
)

SELECT
    row_delta != overlap_delta AS failed_rows,
    multiIf(rollup_rows = 0 AND view_rows = 0, 'INFO', row_delta != overlap_delta, 'FAIL', 'PASS') AS status,
    sum(in_rollup) AS rollup_rows,
    sum(in_view) AS view_rows,
    countIf(in_view = 0) AS rollup_only_keys,
    countIf(in_rollup = 0) AS view_only_keys,
    view_rows - rollup_rows AS row_delta,
    toInt64(view_only_keys) - toInt64(rollup_only_keys) AS overlap_delta,
    groupArrayIf(20)((hour, orchestrator, workflow, model, gpu, place, in_view), in_view > 1) AS duplicate_keys,
    if(status = 'INFO', 'nothing to judge: no minute and no row of the GPU view in the window', '') AS skip_reason
FROM by_key;

-- MUTATION: a GPU has two cards, so that the view joins each of its rows twice
CREATE OR REPLACE VIEW v_current_gpus AS
SELECT
    orchestrator_address,
    model_id,
    assumeNotNull(gpu_id) AS gpu_id,
    gpu_name,
    gpu_memory_total,
    runner_version,
    concat(toString(gpu_major), '.', toString(gpu_minor)) AS cuda_version
FROM dim_orchestrator_capability_current
ARRAY JOIN [1, 2] AS card
WHERE gpu_id != '';
