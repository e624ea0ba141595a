-- The parts of a gateway's hour: samples, time, sessions and fees, each computed from its own facts. Both demand views
-- add them up. When a payment is lost or charged to another session here, both views show wrong fees.

-- QUERY: v_demand_parts_1h
WITH
samples AS (
    SELECT
        sample_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(sample_ts), 3600000)) AS hour,
        gateway,
        orchestrator_address,
        coalesce(region, '') AS place,
        pipeline,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS gpu,
        workflow_session_id,
        stream_id,
        output_fps,
        toUnixTimestamp64Milli(sample_ts) AS at_ms,
        max(toNullable(toUnixTimestamp64Milli(sample_ts))) OVER (
            PARTITION BY workflow_session_id
            ORDER BY sample_ts ASC, source_event_uid ASC
            ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
        ) AS next_ms
    FROM fact_stream_status_samples
),

sample_hours AS (
    SELECT
        hour,
        gateway,
        orchestrator_address,
        place,
        pipeline,
        model,
        gpu,
        uniqExactState(workflow_session_id) AS session_ids,
        uniqExactIfState(stream_id, stream_id != '') AS stream_ids,
        avg(output_fps) AS mean_fps,
        count() AS sample_count,
        toUInt64(sum(least(coalesce(next_ms, at_ms) - at_ms, 60000))) AS span_ms
    FROM samples
    GROUP BY hour, gateway, orchestrator_address, place, pipeline, model, gpu
),

-- Samples and time are two separate parts, with the same hours and dimensions.
sample_parts AS (
    SELECT
        *,
        arrayJoin(['samples', 'time']) AS part,
        part = 'samples' AS is_samples,
        if(is_samples, finalizeAggregation(session_ids), 0) AS session_count,
        if(is_samples, finalizeAggregation(stream_ids), 0) AS stream_count
    FROM sample_hours
),

sessions AS (
    SELECT
        session_start_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(session_start_ts), 3600000))
            AS hour,
        workflow_session_id,
        request_id,
        session_start_ts,
        gateway,
        orchestrator_address,
        coalesce(region, '') AS place,
        pipeline,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS gpu,
        known_stream != 0 AS is_known,
        startup_unexcused != 0 AS is_unexcused,
        confirmed_swap_count != 0 AS is_confirmed,
        inferred_orchestrator_change_count != 0 AS is_inferred
    FROM v_latest_sessions
),

payers AS (
    SELECT
        request_id,
        argMax(
            (hour, gateway, orchestrator_address, place, pipeline, model, gpu),
            (session_start_ts, workflow_session_id)
        ) AS payer
    FROM sessions
    WHERE request_id != ''
    GROUP BY request_id
),

-- "2400000000000000 WEI": an amount has digits, and may have a fraction of a wei and the unit.
amounts AS (
    SELECT
        request_id,
        event_timestamp - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(event_timestamp), 3600000))
            AS hour,
        lower(trim(BOTH ' \t\r\n\f' FROM face_value)) AS amount,
        trim(BOTH ' \t\r\n\f' FROM if(endsWith(amount, 'wei'), left(amount, -3), amount)) AS figures,
        splitByChar('.', figures) AS halves
    FROM payment_events
),

fees AS (
    SELECT
        amounts.hour AS hour,
        payers.payer AS payer,
        if(
            length(amounts.halves) <= 2
            AND length(amounts.halves[1]) BETWEEN 1 AND 40
            AND match(arrayStringConcat(amounts.halves), '^[0-9]+$'),
            toUInt256OrZero(amounts.halves[1]),
            0
        ) AS wei
    FROM amounts
    INNER JOIN payers ON amounts.request_id = payers.request_id
)

SELECT
    part,
    hour,
    hour AS session_hour,
    gateway,
    orchestrator_address,
    place AS region,
    pipeline,
    model AS model_id,
    gpu AS gpu_id,
    concat(
        toString(session_count), ' ids ',
        hex(sipHash64(arraySort(extractAll(right(hex(session_ids), 32 * session_count), '.{32}'))))
    ) AS sessions_uniq_state,
    concat(
        toString(stream_count), ' ids ',
        hex(sipHash64(arraySort(extractAll(right(hex(stream_ids), 32 * stream_count), '.{32}'))))
    ) AS streams_uniq_state,
    if(is_samples, mean_fps, NULL) AS output_fps_avg_state,
    if(is_samples, sample_count, 0) AS status_samples,
    if(is_samples, 0, span_ms) AS inference_ms,
    toUInt64(0) AS sessions,
    toUInt64(0) AS known_sessions,
    toUInt64(0) AS unexcused_sessions,
    toUInt64(0) AS confirmed_swapped_sessions,
    toUInt64(0) AS inferred_orchestrator_change_sessions,
    toUInt64(0) AS swapped_sessions,
    toUInt256(0) AS fee_wei
FROM sample_parts
UNION ALL
SELECT
    'sessions' AS part,
    hour,
    hour AS session_hour,
    gateway,
    orchestrator_address,
    place AS region,
    pipeline,
    model AS model_id,
    gpu AS gpu_id,
    concat('0 ids ', hex(sipHash64(emptyArrayString()))) AS sessions_uniq_state,
    sessions_uniq_state AS streams_uniq_state,
    NULL AS output_fps_avg_state,
    0 AS status_samples,
    0 AS inference_ms,
    count() AS sessions,
    sum(is_known) AS known_sessions,
    sum(is_unexcused) AS unexcused_sessions,
    sum(is_confirmed) AS confirmed_swapped_sessions,
    sum(is_inferred) AS inferred_orchestrator_change_sessions,
    sum(is_confirmed OR is_inferred) AS swapped_sessions,
    toUInt256(0) AS fee_wei
FROM sessions
GROUP BY hour, gateway, orchestrator_address, place, pipeline, model, gpu
UNION ALL
SELECT
    'fees' AS part,
    hour,
    payer.1 AS session_hour,
    payer.2 AS gateway,
    payer.3 AS orchestrator_address,
    payer.4 AS region,
    payer.5 AS pipeline,
    payer.6 AS model_id,
    payer.7 AS gpu_id,
    concat('0 ids ', hex(sipHash64(emptyArrayString()))) AS sessions_uniq_state,
    sessions_uniq_state AS streams_uniq_state,
    NULL AS output_fps_avg_state,
    0 AS status_samples,
    0 AS inference_ms,
    0 AS sessions,
    0 AS known_sessions,
    0 AS unexcused_sessions,
    0 AS confirmed_swapped_sessions,
    0 AS inferred_orchestrator_change_sessions,
    0 AS swapped_sessions,
    wei AS fee_wei
FROM fees;
