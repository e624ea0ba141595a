-- When this fails, the pipeline of an attributed session is the name of its model: events have the model's label in the
-- field `pipeline`, and that label was copied. Demand is then split by model instead of by workflow.
-- LAYER: sessions

-- TEST: lifecycle_session_pipeline_model_compatible
WITH judged AS (
    SELECT
        workflow_session_id,
        orchestrator_address != '' AS is_attributed,
        is_attributed AND pipeline != '' AND lower(pipeline) = lower(ifNull(model_id, '')) AS is_collapsed
    FROM v_latest_sessions
    WHERE session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(is_collapsed) > 0 AS failed_rows,
    countIf(is_collapsed) AS collapsed_semantic_rows,
    countIf(is_attributed) AS rows_checked,
    countIf(NOT is_attributed) AS unattributed_rows,
    groupArrayIf(20)(workflow_session_id, is_collapsed) AS failing_workflow_session_ids,
    if(rows_checked = 0, 'nothing to judge: no session with an orchestrator starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: the model's name in capitals is the pipeline
ALTER TABLE fact_workflow_sessions UPDATE pipeline = upper(assumeNotNull(model_id))
WHERE workflow_session_id = (
    SELECT max(workflow_session_id)
    FROM fact_workflow_sessions
    WHERE orchestrator_address != '' AND pipeline = '' AND model_id != ''
);
