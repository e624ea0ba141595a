-- When this fails, a session and its latencies name different models or pipelines: start-up times are assigned to a
-- model that never ran. Both must come from one decision of the processor.
-- LAYER: sessions

-- TEST: session_to_latency_pipeline_model_consistency
WITH judged AS (
    SELECT
        sessions.workflow_session_id AS workflow_session_id,
        (lower(sessions.pipeline), lower(ifNull(sessions.model_id, ''))) AS told,
        (lower(latency.pipeline), lower(ifNull(latency.model_id, ''))) AS told_by_latency,
        told.1 != '' AND told_by_latency.1 NOT IN ('', told.1) AS differs_pipeline,
        told.2 != '' AND told_by_latency.2 NOT IN ('', told.2) AS differs_model
    FROM v_latest_sessions AS sessions
    INNER JOIN v_latest_latency_samples AS latency ON sessions.workflow_session_id = latency.workflow_session_id
    WHERE
        sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(differs_pipeline OR differs_model) AS failed_rows,
    count() AS sessions_checked,
    countIf(differs_pipeline) AS pipeline_differs,
    countIf(differs_model) AS model_differs,
    groupArrayIf(20)(
        (workflow_session_id, told, told_by_latency), differs_pipeline OR differs_model
    ) AS session_and_both_pipelines_and_models,
    groupArrayIf(20)(workflow_session_id, differs_pipeline OR differs_model) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session with latencies starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: latencies of another model
ALTER TABLE fact_workflow_latency_samples UPDATE model_id = 'another-model'
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_latency_samples WHERE model_id != '');

-- MUTATION: latencies of another pipeline
ALTER TABLE fact_workflow_latency_samples UPDATE pipeline = 'another-pipeline'
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_latency_samples WHERE pipeline != '');
