-- When this fails, the pipeline of an unattributed fact is the name of its model. Its workflow is unknown, so the
-- column must be blank; otherwise unserved demand appears under workflows that do not exist.
-- LAYER: sessions

-- TEST: lifecycle_unattributed_pipeline_not_model_id
WITH
facts AS (
    SELECT 'session' AS fact, workflow_session_id, pipeline, ifNull(model_id, '') AS model
    FROM v_latest_sessions
    WHERE
        orchestrator_address = ''
        AND session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'segment' AS fact, workflow_session_id, pipeline, ifNull(model_id, '') AS model
    FROM v_latest_segments
    WHERE
        orchestrator_address = ''
        AND segment_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND segment_start_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'health sample' AS fact, workflow_session_id, pipeline, ifNull(model_id, '') AS model
    FROM fact_stream_status_samples
    WHERE
        orchestrator_address = ''
        AND sample_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'parameter update' AS fact, workflow_session_id, pipeline, ifNull(model_id, '') AS model
    FROM v_latest_param_updates
    WHERE
        orchestrator_address = ''
        AND update_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND update_ts < {to_ts:DateTime64(3, 'UTC')}
),

judged AS (
    SELECT *, pipeline != '' AND lower(pipeline) = lower(model) AS is_collapsed
    FROM facts
)

SELECT
    countIf(is_collapsed) AS failed_rows,
    count() AS rows_checked,
    groupUniqArrayIf(20)((fact, pipeline), is_collapsed) AS fact_and_pipeline,
    groupUniqArrayIf(20)(workflow_session_id, is_collapsed) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no fact without an orchestrator in the window', '') AS skip_reason
FROM judged;

-- MUTATION: a session that found nobody takes its model's name for a pipeline
ALTER TABLE fact_workflow_sessions UPDATE pipeline = assumeNotNull(model_id)
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE orchestrator_address = '' AND model_id != ''
);

-- MUTATION: so does its segment
ALTER TABLE fact_workflow_session_segments UPDATE pipeline = upper(assumeNotNull(model_id))
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE orchestrator_address = '' AND model_id != ''
);
