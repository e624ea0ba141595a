-- When this fails, a session and its segments name different models or pipelines: the same stream counts under one of
-- them in the demand views and under another in readers of segments. The last segment must agree with the session. An
-- earlier one may differ only if the session is flagged with a change of model or pipeline.
-- LAYER: sessions

-- TEST: session_to_segment_pipeline_model_consistency
WITH
segments AS (
    SELECT
        workflow_session_id,
        count() AS segments,
        argMax((lower(pipeline), lower(ifNull(model_id, ''))), segment_index) AS present,
        groupUniqArrayIf(lower(pipeline), pipeline != '') AS pipelines,
        groupUniqArrayIf(lower(ifNull(model_id, '')), model_id != '') AS models
    FROM v_latest_segments
    GROUP BY workflow_session_id
),

judged AS (
    SELECT
        sessions.workflow_session_id AS workflow_session_id,
        lower(sessions.pipeline) AS pipeline,
        lower(ifNull(sessions.model_id, '')) AS model,
        segments.pipelines AS segment_pipelines,
        segments.models AS segment_models,
        pipeline != '' AND (
            segments.present.1 NOT IN ('', pipeline)
            OR (NOT sessions.has_pipeline_change AND arrayExists(other -> other != pipeline, segment_pipelines))
        ) AS differs_pipeline,
        model != '' AND (
            segments.present.2 NOT IN ('', model)
            OR (NOT sessions.has_model_change AND arrayExists(other -> other != model, segment_models))
        ) AS differs_model
    FROM v_latest_sessions AS sessions
    INNER JOIN segments ON sessions.workflow_session_id = segments.workflow_session_id
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
        (workflow_session_id, pipeline, segment_pipelines, model, segment_models), differs_pipeline OR differs_model
    ) AS session_pipeline_segments_model_segments,
    groupArrayIf(20)(workflow_session_id, differs_pipeline OR differs_model) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session with a segment starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: the segment of a session without samples has another model
ALTER TABLE fact_workflow_session_segments UPDATE model_id = 'another-model'
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE status_sample_count = 0 AND model_id != ''
);

-- MUTATION: the segment of a session without samples has another pipeline
ALTER TABLE fact_workflow_session_segments UPDATE pipeline = 'another-pipeline'
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE status_sample_count = 0 AND pipeline != ''
);
