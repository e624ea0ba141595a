-- The final facts of every session, as readers of the warehouse see them. The oracle of the pack computes the same
-- facts from the events alone. Each difference is a wrong fact that analysts would use: a failure counted as excused, a
-- wrong startup time, an orchestrator that did not serve the session.
--
-- LAYER: sessions

-- QUERY: oracle_sessions_match
WITH
-- A 32-bit column cannot store six decimals, so the number is taken from the event's text if it is that of the sample.
events AS (
    SELECT
        raw_event_uid,
        JSONExtractFloat(raw_json, 'data', 'inference_status', 'fps') AS fps
    FROM ai_stream_status
),

frame_rates AS (
    SELECT
        samples.workflow_session_id AS workflow_session_id,
        avg(
            if(toFloat32(events.fps) = samples.output_fps, events.fps, toFloat64(toString(samples.output_fps)))
        ) AS avg_output_fps
    FROM fact_stream_status_samples AS samples
    LEFT ANY JOIN events ON samples.source_event_uid = events.raw_event_uid
    GROUP BY workflow_session_id
),

param_updates AS (
    SELECT
        workflow_session_id,
        count() AS param_updates
    FROM v_latest_param_updates
    GROUP BY workflow_session_id
)

SELECT
    sessions.workflow_session_id AS workflow_session_id,
    sessions.workflow_type AS workflow_type,
    sessions.workflow_id AS workflow_id,
    sessions.stream_id AS stream_id,
    sessions.request_id AS request_id,
    sessions.session_id AS session_id,
    sessions.pipeline AS pipeline,
    sessions.gateway AS gateway,
    sessions.orchestrator_address AS orchestrator_address,
    sessions.orchestrator_url AS orchestrator_url,
    sessions.model_id AS model_id,
    sessions.gpu_id AS gpu_id,
    sessions.region AS region,
    sessions.gpu_attribution_method AS gpu_attribution_method,
    sessions.gpu_attribution_confidence AS gpu_attribution_confidence,
    sessions.session_start_ts AS session_start_ts,
    sessions.session_end_ts AS session_end_ts,
    sessions.known_stream AS known_stream,
    sessions.startup_success AS startup_success,
    sessions.startup_excused AS startup_excused,
    sessions.startup_unexcused AS startup_unexcused,
    sessions.confirmed_swap_count AS confirmed_swap_count,
    sessions.inferred_orchestrator_change_count AS inferred_orchestrator_change_count,
    sessions.swap_count AS swap_count,
    sessions.error_count AS error_count,
    sessions.excusable_error_count AS excusable_error_count,
    sessions.first_stream_request_ts AS first_stream_request_ts,
    sessions.first_processed_ts AS first_processed_ts,
    sessions.first_playable_ts AS first_playable_ts,
    latency.prompt_to_first_frame_ms AS prompt_to_first_frame_ms,
    latency.startup_time_ms AS startup_time_ms,
    latency.e2e_latency_ms AS e2e_latency_ms,
    sessions.event_count AS event_count,
    sessions.version AS version,
    sessions.source_first_event_uid AS source_first_event_uid,
    sessions.source_last_event_uid AS source_last_event_uid,
    sessions.has_model_change AS has_model_change,
    sessions.has_pipeline_change AS has_pipeline_change,
    sessions.last_error_occurred AS last_error_occurred,
    sessions.loading_only_session AS loading_only_session,
    sessions.zero_output_fps_session AS zero_output_fps_session,
    sessions.status_sample_count AS status_sample_count,
    sessions.status_error_sample_count AS status_error_sample_count,
    sessions.health_signal_count AS health_signal_count,
    sessions.health_expected_signal_count AS health_expected_signal_count,
    sessions.health_completeness_ratio AS health_completeness_ratio,
    ifNull(updates.param_updates, 0) AS param_updates,
    rates.avg_output_fps AS avg_output_fps
FROM v_latest_sessions AS sessions
LEFT JOIN v_latest_latency_samples AS latency ON sessions.workflow_session_id = latency.workflow_session_id
LEFT JOIN frame_rates AS rates ON sessions.workflow_session_id = rates.workflow_session_id
LEFT JOIN param_updates AS updates ON sessions.workflow_session_id = updates.workflow_session_id
ORDER BY session_start_ts ASC, workflow_session_id ASC;

-- MUTATION: a session ends before its newest signal
ALTER TABLE fact_workflow_sessions UPDATE session_end_ts = session_end_ts - INTERVAL 1 MILLISECOND
WHERE workflow_session_id = (SELECT min(workflow_session_id) FROM fact_workflow_sessions);

-- MUTATION: the errors of a session are counted twice
ALTER TABLE fact_workflow_sessions
UPDATE error_count = 2 * error_count, excusable_error_count = 2 * excusable_error_count
WHERE
    workflow_session_id = (
        SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE excusable_error_count > 0
    );

-- MUTATION: a session is lost
DELETE FROM fact_workflow_sessions
WHERE workflow_session_id = (SELECT min(workflow_session_id) FROM fact_workflow_sessions);

-- MUTATION: a session that nobody published
INSERT INTO fact_workflow_sessions
(
    workflow_session_id, workflow_type, workflow_id, stream_id, request_id, gateway, gpu_attribution_method,
    session_start_ts, session_end_ts, event_count, version, health_completeness_ratio
)
SELECT
    'nobody|nothing',
    workflow_type,
    workflow_type,
    'nobody',
    'nothing',
    gateway,
    'none',
    session_start_ts,
    session_start_ts,
    1,
    version,
    1
FROM fact_workflow_sessions
ORDER BY workflow_session_id
LIMIT 1;

-- MUTATION: a frame rate is a little off
ALTER TABLE fact_stream_status_samples UPDATE output_fps = output_fps + 0.01
WHERE source_event_uid = (SELECT min(source_event_uid) FROM fact_stream_status_samples);
