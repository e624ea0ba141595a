-- The quality that each GPU delivered in an hour, computed from samples, sessions and latencies. When it differs, jobs
-- are sent to cards that are slower or less reliable than shown. The coefficient of jitter is compared by its square;
-- v_api_gpu_metrics.seen.sql explains why.

-- QUERY: v_api_gpu_metrics
WITH
sessions AS (
    SELECT
        workflow_session_id AS session,
        session_start_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(session_start_ts), 3600000))
            AS hour,
        orchestrator_address AS host,
        pipeline AS workflow,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS gpu,
        coalesce(region, '') AS place,
        known_stream != 0 AS is_known,
        startup_success != 0 AS is_success,
        startup_excused != 0 AS is_excused,
        startup_unexcused != 0 AS is_unexcused,
        confirmed_swap_count != 0 AS is_confirmed,
        inferred_orchestrator_change_count != 0 AS is_inferred
    FROM v_latest_sessions
),

latencies AS (
    SELECT
        workflow_session_id AS session,
        if(has_prompt_to_first_frame != 0, prompt_to_first_frame_ms, NULL) AS prompt_ms,
        if(has_startup_time != 0, startup_time_ms, NULL) AS startup_ms,
        if(has_e2e_latency != 0, e2e_latency_ms, NULL) AS e2e_ms
    FROM v_latest_latency_samples
),

-- Blank dimensions of a sample are filled from its session. A value that depends on the host is filled only if the
-- sample names no other host. A value that depends on the model is filled only if it also names no other model.
paired AS (
    SELECT
        samples.*,
        samples.sample_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(samples.sample_ts), 3600000))
            AS hour,
        coalesce(samples.model_id, '') AS own_model,
        coalesce(sessions.host, '') AS known_host,
        coalesce(sessions.workflow, '') AS known_workflow,
        coalesce(sessions.model, '') AS known_model,
        coalesce(sessions.gpu, '') AS known_gpu,
        coalesce(sessions.place, '') AS known_place,
        empty(samples.orchestrator_address) OR samples.orchestrator_address = known_host AS may_lend_host,
        may_lend_host AND (empty(own_model) OR own_model = known_model) AS may_lend_model
    FROM fact_stream_status_samples AS samples
    LEFT JOIN sessions ON samples.workflow_session_id = sessions.session
),

facts AS (
    SELECT
        hour,
        coalesce(nullIf(orchestrator_address, ''), known_host) AS host,
        coalesce(nullIf(pipeline, ''), if(may_lend_model, known_workflow, '')) AS workflow,
        coalesce(nullIf(model_id, ''), if(may_lend_host, known_model, '')) AS model,
        coalesce(nullIf(gpu_id, ''), if(may_lend_model, known_gpu, '')) AS gpu,
        coalesce(nullIf(region, ''), if(may_lend_host, known_place, '')) AS place,
        toNullable(output_fps) AS fps,
        NULL AS prompt_ms,
        NULL AS startup_ms,
        NULL AS e2e_ms,
        0 AS is_known,
        0 AS is_success,
        0 AS is_excused,
        0 AS is_unexcused,
        0 AS is_confirmed,
        0 AS is_inferred
    FROM paired
    UNION ALL
    SELECT
        sessions.hour,
        sessions.host,
        sessions.workflow,
        sessions.model,
        sessions.gpu,
        sessions.place,
        NULL AS fps,
        latencies.prompt_ms,
        latencies.startup_ms,
        latencies.e2e_ms,
        sessions.is_known,
        sessions.is_success,
        sessions.is_excused,
        sessions.is_unexcused,
        sessions.is_confirmed,
        sessions.is_inferred
    FROM sessions
    LEFT JOIN latencies ON sessions.session = latencies.session
),

hours AS (
    SELECT
        hour,
        host,
        workflow,
        model,
        gpu,
        place,
        avg(fps) AS mean_fps,
        quantileTDigest(0.95)(fps) AS p95_fps,
        avg(toFloat64(fps) * toFloat64(fps)) AS mean_square_fps,
        count(fps) AS samples,
        avg(prompt_ms) AS mean_prompt_ms,
        avg(startup_ms) AS mean_startup_ms,
        avg(e2e_ms) AS mean_e2e_ms,
        quantileTDigest(0.95)(prompt_ms) AS p95_prompt_ms,
        quantileTDigest(0.95)(startup_ms) AS p95_startup_ms,
        quantileTDigest(0.95)(e2e_ms) AS p95_e2e_ms,
        count(prompt_ms) AS prompts,
        count(startup_ms) AS startups,
        count(e2e_ms) AS e2es,
        sum(is_known) AS known,
        sum(is_success) AS succeeded,
        sum(is_excused) AS excused,
        sum(is_unexcused) AS unexcused,
        sum(is_confirmed) AS confirmed,
        sum(is_inferred) AS inferred,
        sum(is_confirmed OR is_inferred) AS swapped,
        sum(is_known AND (is_confirmed OR is_inferred)) AS known_swapped
    FROM facts
    WHERE host != '' AND gpu != ''
    GROUP BY hour, host, workflow, model, gpu, place
),

-- The newest announcement of a card for a model.
cards AS (
    SELECT
        orchestrator_address AS host,
        model_id AS model,
        coalesce(gpu_id, '') AS gpu,
        gpu_name,
        gpu_memory_total,
        runner_version,
        concat(toString(gpu_major), '.', toString(gpu_minor)) AS cuda,
        row_number() OVER (
            PARTITION BY orchestrator_address, model_id, gpu_id
            ORDER BY
                snapshot_ts DESC, pipeline DESC, capability_id DESC, ingestion_timestamp DESC, source_event_uid DESC,
                orchestrator_url DESC, orchestrator_proxy_address DESC
        ) AS recency
    FROM dim_orchestrator_capability_snapshots
)

SELECT
    hours.hour AS window_start,
    hours.host AS orchestrator_address,
    hours.workflow AS pipeline,
    hours.model AS model_id,
    hours.gpu AS gpu_id,
    hours.place AS region,
    cards.gpu_name AS gpu_name,
    cards.gpu_memory_total AS gpu_memory_total,
    cards.runner_version AS runner_version,
    cards.cuda AS cuda_version,
    hours.mean_fps AS avg_output_fps,
    hours.p95_fps AS p95_output_fps,
    hours.mean_square_fps / nullIf(hours.mean_fps * hours.mean_fps, 0) AS jitter_coeff_fps,
    hours.samples AS status_samples,
    hours.mean_prompt_ms AS prompt_to_first_frame_ms,
    hours.mean_startup_ms AS startup_time_ms,
    hours.mean_startup_ms * 0.001 AS startup_time_s,
    hours.mean_e2e_ms AS e2e_latency_ms,
    hours.p95_prompt_ms AS p95_prompt_to_first_frame_ms,
    hours.p95_startup_ms AS p95_startup_time_ms,
    hours.p95_e2e_ms AS p95_e2e_latency_ms,
    hours.prompts AS valid_prompt_to_first_frame_count,
    hours.startups AS valid_startup_time_count,
    hours.e2es AS valid_e2e_latency_count,
    hours.known AS known_sessions,
    hours.succeeded AS startup_success_sessions,
    hours.excused AS excused_sessions,
    hours.unexcused AS unexcused_sessions,
    hours.confirmed AS confirmed_swapped_sessions,
    hours.inferred AS inferred_orchestrator_change_sessions,
    hours.swapped AS swapped_sessions,
    if(hours.known > 0, hours.unexcused / hours.known, NULL) AS failure_rate,
    if(hours.known > 0, hours.known_swapped / hours.known, NULL) AS swap_rate,
    hours.known_swapped AS known_swapped_sessions
FROM hours
LEFT JOIN cards
    ON
        hours.host = cards.host
        AND hours.model = cards.model
        AND hours.gpu = cards.gpu
        AND cards.recency = 1;
