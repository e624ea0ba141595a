-- When this fails, the flags of a session contradict its facts: model or pipeline changed, no output at all, never
-- beyond loading. Failures are hidden, or healthy sessions count as failed.
-- Each flag needs evidence in some fact of the session, and evidence in segments or samples requires the flag.
-- LAYER: sessions

-- TEST: session_summary_change_flags_consistency
WITH
labels AS (
    SELECT
        workflow_session_id,
        uniqExactIf(model, is_binding AND model != '') AS models,
        uniqExactIf(model, model != '') AS models_anywhere,
        uniqExactIf(workflow, is_binding AND workflow != '') AS pipelines,
        uniqExactIf(workflow, workflow != '') AS pipelines_anywhere,
        sum(samples) AS samples,
        sum(with_output) AS samples_with_output,
        sum(loading) AS samples_loading
    FROM (
        SELECT
            workflow_session_id,
            1 AS is_binding,
            lower(ifNull(model_id, '')) AS model,
            lower(pipeline) AS workflow,
            count() AS samples,
            countIf(output_fps > 0) AS with_output,
            countIf(lower(trim(state)) = 'loading') AS loading
        FROM fact_stream_status_samples
        GROUP BY workflow_session_id, model, workflow
        UNION ALL
        SELECT
            workflow_session_id,
            1 AS is_binding,
            lower(ifNull(model_id, '')) AS model,
            lower(pipeline) AS workflow,
            0 AS samples,
            0 AS with_output,
            0 AS loading
        FROM v_latest_segments
        UNION ALL
        SELECT DISTINCT
            workflow_session_id,
            0 AS is_binding,
            lower(ifNull(model_id, '')) AS model,
            lower(pipeline) AS workflow,
            0 AS samples,
            0 AS with_output,
            0 AS loading
        FROM fact_stream_trace_edges
        UNION ALL
        -- The `pipeline` of a notice is a model's name. (An alias `pipeline` here would have priority over the column.)
        SELECT DISTINCT
            concat(
                ifNull(nullIf(trim(stream_id), ''), '_missing_stream'),
                '|',
                ifNull(nullIf(trim(request_id), ''), '_missing_request')
            ) AS workflow_session_id,
            0 AS is_binding,
            lower(trim(pipeline)) AS model,
            '' AS workflow,
            0 AS samples,
            0 AS with_output,
            0 AS loading
        FROM ai_stream_events
    ) AS facts
    GROUP BY workflow_session_id
),

judged AS (
    SELECT
        sessions.workflow_session_id AS workflow_session_id,
        (sessions.has_model_change AND ifNull(labels.models_anywhere, 0) < 2)
        OR (NOT sessions.has_model_change AND ifNull(labels.models, 0) > 1) AS model_flag,
        (sessions.has_pipeline_change AND ifNull(labels.pipelines_anywhere, 0) < 2)
        OR (NOT sessions.has_pipeline_change AND ifNull(labels.pipelines, 0) > 1) AS pipeline_flag,
        sessions.zero_output_fps_session
        != (ifNull(labels.samples, 0) > 0 AND ifNull(labels.samples_with_output, 0) = 0) AS output_flag,
        sessions.loading_only_session
        != (ifNull(labels.samples, 0) > 0 AND labels.samples_loading = labels.samples) AS loading_flag,
        arrayFilter(
            (flag, is_wrong) -> is_wrong,
            ['has_model_change', 'has_pipeline_change', 'zero_output_fps_session', 'loading_only_session'],
            [model_flag, pipeline_flag, output_flag, loading_flag]
        ) AS wrong_flags
    FROM v_latest_sessions AS sessions
    LEFT JOIN labels ON sessions.workflow_session_id = labels.workflow_session_id
    WHERE
        sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(notEmpty(wrong_flags)) AS failed_rows,
    count() AS sessions_checked,
    countIf(has(wrong_flags, 'has_model_change')) AS model_change_differs,
    countIf(has(wrong_flags, 'has_pipeline_change')) AS pipeline_change_differs,
    countIf(has(wrong_flags, 'zero_output_fps_session')) AS zero_output_differs,
    countIf(has(wrong_flags, 'loading_only_session')) AS loading_only_differs,
    groupArrayIf(20)((workflow_session_id, wrong_flags), notEmpty(wrong_flags)) AS session_and_wrong_flags,
    groupArrayIf(20)(workflow_session_id, notEmpty(wrong_flags)) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: a change of model that no fact shows
ALTER TABLE fact_workflow_sessions UPDATE has_model_change = 1
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_sessions);

-- MUTATION: a change of pipeline that no fact shows
ALTER TABLE fact_workflow_sessions UPDATE has_pipeline_change = 1
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_sessions);

-- MUTATION: frames were put out, the session denies it
ALTER TABLE fact_workflow_sessions UPDATE zero_output_fps_session = 1
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_stream_status_samples WHERE output_fps > 0
);

-- MUTATION: a session without samples did nothing but load
ALTER TABLE fact_workflow_sessions UPDATE loading_only_session = 1
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE status_sample_count = 0
);

-- MUTATION: a change of model that the session does not tell
ALTER TABLE fact_workflow_session_segments UPDATE model_id = 'another-model'
WHERE segment_index = 0 AND workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_session_segments WHERE segment_index = 1
);
