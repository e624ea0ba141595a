-- The outcomes of the sessions that started in an hour, by all dimensions. Compliance and demand add these up. When
-- they differ, orchestrators are credited with sessions that failed, or blamed for sessions that did not.

-- QUERY: agg_reliability_1h
WITH
sessions AS (
    SELECT
        session_start_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(session_start_ts), 3600000))
            AS window_start,
        gateway,
        orchestrator_address,
        pipeline,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS gpu,
        coalesce(region, '') AS place,
        known_stream != 0 AS is_known,
        startup_success != 0 AS is_success,
        startup_excused != 0 AS is_excused,
        startup_unexcused != 0 AS is_unexcused,
        confirmed_swap_count != 0 AS is_confirmed,
        inferred_orchestrator_change_count != 0 AS is_inferred,
        confirmed_swap_count + inferred_orchestrator_change_count != 0 AS is_swapped
    FROM v_latest_sessions
)

SELECT
    window_start,
    gateway,
    orchestrator_address,
    pipeline,
    model AS model_id,
    gpu AS gpu_id,
    place AS region,
    count() AS sessions,
    sum(is_known) AS known_sessions,
    sum(is_success) AS startup_success_sessions,
    sum(is_excused) AS excused_sessions,
    sum(is_unexcused) AS unexcused_sessions,
    sum(is_confirmed) AS confirmed_swapped_sessions,
    sum(is_inferred) AS inferred_orchestrator_change_sessions,
    sum(is_swapped) AS swapped_sessions,
    sum(is_swapped AND is_known) AS known_swapped_sessions
FROM sessions
GROUP BY window_start, gateway, orchestrator_address, pipeline, model, gpu, place;
