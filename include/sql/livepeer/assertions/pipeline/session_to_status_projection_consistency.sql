-- When this fails, health samples belong to no session, or name another model or pipeline than their session: minutes
-- and frame rates count under other keys than the session. Samples of the window are compared with sessions of all
-- times, because a session may start long before its last sample. A difference is allowed only if the session is
-- flagged with a change.
-- LAYER: sessions

-- TEST: session_to_status_projection_consistency
WITH
samples AS (
    SELECT
        workflow_session_id,
        count() AS samples,
        groupUniqArrayIf(pipeline, pipeline != '') AS named_pipelines,
        groupUniqArrayIf(ifNull(model_id, ''), model_id != '') AS named_models,
        groupUniqArray((stream_id, request_id)) AS identities
    FROM fact_stream_status_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY workflow_session_id
),

judged AS (
    SELECT
        samples.workflow_session_id AS workflow_session_id,
        samples.samples AS samples,
        arrayMap(name -> lower(name), samples.named_pipelines) AS pipelines,
        arrayMap(name -> lower(name), samples.named_models) AS models,
        lower(sessions.pipeline) AS pipeline,
        lower(sessions.model_id) AS model,
        multiIf(
            sessions.workflow_session_id IS NULL, 'no session',
            identities != [(assumeNotNull(sessions.stream_id), assumeNotNull(sessions.request_id))], 'other identity',
            model != '' AND NOT sessions.has_model_change
            AND arrayExists(other -> other != model, models), 'other model',
            pipeline != '' AND NOT sessions.has_pipeline_change
            AND arrayExists(other -> other != pipeline, pipelines), 'other pipeline',
            ''
        ) AS fault
    FROM samples
    LEFT JOIN v_latest_sessions AS sessions ON samples.workflow_session_id = sessions.workflow_session_id
)

SELECT
    countIf(fault != '') AS failed_rows,
    count() AS sessions_checked,
    sum(samples) AS status_rows,
    countIf(fault = 'no session') AS orphan_sessions,
    countIf(fault = 'other identity') AS identity_differs,
    countIf(fault = 'other model') AS model_differs,
    countIf(fault = 'other pipeline') AS pipeline_differs,
    groupArrayIf(20)(
        (workflow_session_id, fault, pipeline, pipelines, model, models), fault != ''
    ) AS session_fault_pipeline_samples_model_samples,
    groupArrayIf(20)(workflow_session_id, fault != '') AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no health sample in the window', '') AS skip_reason
FROM judged;

-- MUTATION: samples of a session that never was
INSERT INTO fact_stream_status_samples
(
    sample_ts, workflow_session_id, stream_id, request_id, gateway, orchestrator_address, orchestrator_url, pipeline,
    model_id, gpu_id, state, output_fps, is_attributed, gpu_attribution_method, gpu_attribution_confidence,
    source_event_uid, source_topic, source_partition, source_offset
)
SELECT
    sample_ts,
    'ghost|ghost',
    'ghost',
    'ghost',
    gateway,
    orchestrator_address,
    orchestrator_url,
    pipeline,
    model_id,
    gpu_id,
    state,
    output_fps,
    is_attributed,
    gpu_attribution_method,
    gpu_attribution_confidence,
    'ghost',
    source_topic,
    source_partition,
    source_offset + 1000000
FROM fact_stream_status_samples
ORDER BY source_event_uid
LIMIT 1;

-- MUTATION: a sample of another request
ALTER TABLE fact_stream_status_samples UPDATE request_id = concat(request_id, '-other')
WHERE source_event_uid = (SELECT max(source_event_uid) FROM fact_stream_status_samples);

-- MUTATION: a sample of another model
ALTER TABLE fact_stream_status_samples UPDATE model_id = 'another-model'
WHERE source_event_uid = (SELECT max(source_event_uid) FROM fact_stream_status_samples);

-- MUTATION: a sample of another pipeline
ALTER TABLE fact_stream_status_samples UPDATE pipeline = 'another-pipeline'
WHERE source_event_uid = (SELECT max(source_event_uid) FROM fact_stream_status_samples WHERE pipeline != '');
