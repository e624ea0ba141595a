-- The compliance of orchestrators, from the newest session rows alone. When it differs, an orchestrator is paid or
-- fined for the wrong sessions, and the published score of a host is wrong.

-- QUERY: v_api_sla_compliance
WITH
sessions AS (
    SELECT
        session_start_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(session_start_ts), 3600000))
            AS window_start,
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
        inferred_orchestrator_change_count != 0 AS is_inferred
    FROM v_latest_sessions
    WHERE orchestrator_address != ''
),

counted AS (
    SELECT
        window_start,
        orchestrator_address,
        pipeline,
        model,
        gpu,
        place,
        sum(is_known) AS known,
        sum(is_success) AS succeeded,
        sum(is_excused) AS excused,
        sum(is_unexcused) AS unexcused,
        sum(is_confirmed) AS confirmed,
        sum(is_inferred) AS inferred,
        sum(is_confirmed OR is_inferred) AS swapped,
        sum(is_known AND (is_confirmed OR is_inferred)) AS known_swapped
    FROM sessions
    GROUP BY window_start, orchestrator_address, pipeline, model, gpu, place
)

SELECT
    window_start,
    orchestrator_address,
    pipeline,
    model AS model_id,
    gpu AS gpu_id,
    place AS region,
    known AS known_sessions,
    succeeded AS startup_success_sessions,
    excused AS excused_sessions,
    unexcused AS unexcused_sessions,
    confirmed AS confirmed_swapped_sessions,
    inferred AS inferred_orchestrator_change_sessions,
    swapped AS swapped_sessions,
    if(known > 0, (known - unexcused) / known, NULL) AS success_ratio,
    if(known > 0, (known - known_swapped) / known, NULL) AS no_swap_ratio,
    if(known > 0, (70 * (known - unexcused) + 30 * (known - known_swapped)) / known, NULL) AS sla_score,
    known_swapped AS known_swapped_sessions
FROM counted;
