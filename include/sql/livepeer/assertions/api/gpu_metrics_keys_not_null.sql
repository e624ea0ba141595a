-- When this fails, a row of GPU metrics has no orchestrator, pipeline, GPU or hour under which it can be shown.
-- Consumers join and group by these keys, so a row with a blank key is dropped or mixed with others.
-- LAYER: views

-- TEST: gpu_metrics_keys_not_null
WITH
ifNull(orchestrator_address, '') = '' AS no_orchestrator,
ifNull(pipeline, '') = '' AS no_pipeline,
ifNull(gpu_id, '') = '' AS no_gpu,
ifNull(window_start, toDateTime64(0, 3, 'UTC')) <= toDateTime64(0, 3, 'UTC') AS no_hour
SELECT
    countIf(no_orchestrator OR no_pipeline OR no_gpu OR no_hour) AS failed_rows,
    count() AS rows_checked,
    countIf(no_orchestrator) AS rows_without_orchestrator,
    countIf(no_pipeline) AS rows_without_pipeline,
    countIf(no_gpu) AS rows_without_gpu,
    countIf(no_hour) AS rows_without_hour,
    groupArrayIf(20)(
        (window_start, orchestrator_address, pipeline, model_id, gpu_id, region),
        no_orchestrator OR no_pipeline OR no_gpu OR no_hour
    ) AS failing_keys,
    if(rows_checked = 0, 'nothing to judge: no row of v_api_gpu_metrics in the window', '') AS skip_reason
FROM v_api_gpu_metrics
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: a session with a GPU loses its pipeline
ALTER TABLE fact_workflow_sessions UPDATE pipeline = ''
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM v_latest_sessions WHERE orchestrator_address != '' AND gpu_id != ''
);
