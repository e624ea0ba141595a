-- The health samples, with blank dimensions filled from their session. When they differ, frame rates are shown under
-- the wrong GPU: for example, a swapped session's last GPU under its first orchestrator.

-- QUERY: v_filled_status_samples
WITH
known AS (
    SELECT
        workflow_session_id AS session,
        orchestrator_address AS host,
        pipeline AS workflow,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS gpu,
        coalesce(region, '') AS place
    FROM v_latest_sessions
),

-- A sample whose session has no row stays blank.
paired AS (
    SELECT
        samples.*,
        coalesce(samples.model_id, '') AS own_model,
        coalesce(known.host, '') AS known_host,
        coalesce(known.workflow, '') AS known_workflow,
        coalesce(known.model, '') AS known_model,
        coalesce(known.gpu, '') AS known_gpu,
        coalesce(known.place, '') AS known_place
    FROM fact_stream_status_samples AS samples
    LEFT JOIN known ON samples.workflow_session_id = known.session
),

-- A value that depends on the host is filled only if the sample names no other host. A value that depends on the model
-- is filled only if the sample also names no other model.
lent AS (
    SELECT
        *,
        empty(orchestrator_address) OR orchestrator_address = known_host AS may_lend_host,
        may_lend_host AND (empty(own_model) OR own_model = known_model) AS may_lend_model
    FROM paired
)

SELECT
    sample_ts,
    workflow_session_id,
    stream_id,
    gateway,
    coalesce(nullIf(orchestrator_address, ''), known_host) AS orchestrator_address,
    coalesce(nullIf(pipeline, ''), if(may_lend_model, known_workflow, '')) AS pipeline,
    coalesce(nullIf(model_id, ''), if(may_lend_host, known_model, '')) AS model_id,
    coalesce(nullIf(gpu_id, ''), if(may_lend_model, known_gpu, '')) AS gpu_id,
    coalesce(nullIf(region, ''), if(may_lend_host, known_place, '')) AS region,
    state,
    output_fps
FROM lent;
