-- The demand for the network in an hour and how much of it was served, computed from samples, sessions and payments.
-- When it differs, capacity is bought where there is no demand, or fees are reported that nobody paid.

-- QUERY: v_api_network_demand
WITH
sessions AS (
    SELECT
        session_start_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(session_start_ts), 3600000))
            AS hour,
        workflow_session_id,
        request_id,
        session_start_ts,
        gateway,
        coalesce(region, '') AS place,
        pipeline AS workflow,
        coalesce(model_id, '') AS model,
        known_stream != 0 AS is_known,
        is_known AND orchestrator_address != '' AS is_served,
        startup_unexcused != 0 AS is_unexcused,
        confirmed_swap_count != 0 AS is_confirmed,
        inferred_orchestrator_change_count != 0 AS is_inferred
    FROM v_latest_sessions
),

-- Hours of a gateway, region and model in which all sessions with a pipeline had the same one.
lone_workflows AS (
    SELECT
        hour,
        gateway,
        place,
        model,
        max(workflow) AS lone
    FROM sessions
    WHERE workflow != ''
    GROUP BY hour, gateway, place, model
    HAVING min(workflow) = max(workflow)
),

samples AS (
    SELECT
        sample_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(sample_ts), 3600000)) AS hour,
        gateway,
        coalesce(region, '') AS place,
        pipeline AS own_workflow,
        coalesce(model_id, '') AS model,
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

-- A payment belongs to the last session that started for its request.
payers AS (
    SELECT
        request_id,
        argMax((hour, gateway, place, workflow, model), (session_start_ts, workflow_session_id)) AS payer
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

facts AS (
    SELECT
        samples.hour AS hour,
        samples.gateway AS gateway,
        samples.place AS place,
        if(samples.own_workflow = '', coalesce(lone_workflows.lone, ''), samples.own_workflow) AS workflow,
        samples.model AS model,
        toNullable(samples.workflow_session_id) AS session,
        nullIf(samples.stream_id, '') AS stream,
        toNullable(samples.output_fps) AS fps,
        toUInt64(least(coalesce(samples.next_ms, samples.at_ms) - samples.at_ms, 60000)) AS span_ms,
        0 AS is_known,
        0 AS is_served,
        0 AS is_unexcused,
        0 AS is_confirmed,
        0 AS is_inferred,
        0 AS is_fee,
        samples.hour AS start_hour,
        toUInt256(0) AS wei
    FROM samples
    LEFT JOIN lone_workflows
        ON
            samples.hour = lone_workflows.hour
            AND samples.gateway = lone_workflows.gateway
            AND samples.place = lone_workflows.place
            AND samples.model = lone_workflows.model
    UNION ALL
    SELECT
        hour,
        gateway,
        place,
        workflow,
        model,
        NULL AS session,
        NULL AS stream,
        NULL AS fps,
        0 AS span_ms,
        is_known,
        is_served,
        is_unexcused,
        is_confirmed,
        is_inferred,
        0 AS is_fee,
        hour AS start_hour,
        0 AS wei
    FROM sessions
    UNION ALL
    SELECT
        amounts.hour AS hour,
        payers.payer.2 AS gateway,
        payers.payer.3 AS place,
        payers.payer.4 AS workflow,
        payers.payer.5 AS model,
        NULL AS session,
        NULL AS stream,
        NULL AS fps,
        0 AS span_ms,
        0 AS is_known,
        0 AS is_served,
        0 AS is_unexcused,
        0 AS is_confirmed,
        0 AS is_inferred,
        1 AS is_fee,
        payers.payer.1 AS start_hour,
        if(
            length(amounts.halves) <= 2
            AND length(amounts.halves[1]) BETWEEN 1 AND 40
            AND match(arrayStringConcat(amounts.halves), '^[0-9]+$'),
            toUInt256OrZero(amounts.halves[1]),
            0
        ) AS wei
    FROM amounts
    INNER JOIN payers ON amounts.request_id = payers.request_id
),

-- All parts have the hour in which they happened. Fees also have the hour of their session.
happened AS (
    SELECT
        hour,
        start_hour,
        gateway,
        place,
        workflow,
        model,
        is_fee,
        uniqExact(stream) AS streams,
        uniqExact(session) AS sampled_sessions,
        sum(span_ms) AS total_ms,
        avg(fps) AS mean_fps,
        sum(is_known) AS known,
        sum(is_served) AS served,
        sum(is_unexcused) AS unexcused,
        sum(is_confirmed) AS confirmed,
        sum(is_inferred) AS inferred,
        sum(is_confirmed OR is_inferred) AS swapped,
        sum(wei) AS fee
    FROM facts
    GROUP BY hour, start_hour, gateway, place, workflow, model, is_fee
),

-- A fee belongs to the hour of the payment. If that hour has no other part, it belongs to the hour of its session.
placed AS (
    SELECT
        *,
        min(is_fee) OVER (PARTITION BY hour, gateway, place, workflow, model) AS is_alone,
        if(is_alone, start_hour, hour) AS shown_hour
    FROM happened
),

-- All rows of an hour but one contain only fees, so a sum returns the numbers of that one.
hours AS (
    SELECT
        shown_hour,
        gateway,
        place,
        workflow,
        model,
        sum(streams) AS stream_count,
        sum(sampled_sessions) AS session_count,
        sum(total_ms) AS used_ms,
        max(mean_fps) AS fps,
        sum(known) AS known_count,
        sum(served) AS served_count,
        sum(unexcused) AS unexcused_count,
        sum(confirmed) AS confirmed_count,
        sum(inferred) AS inferred_count,
        sum(swapped) AS swapped_count,
        sum(fee) AS total_fee
    FROM placed
    GROUP BY shown_hour, gateway, place, workflow, model
)

SELECT
    shown_hour AS window_start,
    gateway,
    place AS region,
    workflow AS pipeline,
    model AS model_id,
    stream_count AS total_streams,
    session_count AS total_sessions,
    used_ms / 60000 AS total_inference_minutes,
    fps AS avg_output_fps,
    known_count AS known_sessions,
    served_count AS served_sessions,
    toUInt64(known_count - served_count) AS unserved_sessions,
    known_count AS total_demand_sessions,
    unexcused_count AS unexcused_sessions,
    confirmed_count AS confirmed_swapped_sessions,
    inferred_count AS inferred_orchestrator_change_sessions,
    swapped_count AS swapped_sessions,
    toUInt64(known_count - served_count) AS missing_capacity_count,
    if(known_count > 0, (known_count - unexcused_count) / known_count, NULL) AS success_ratio,
    toFloat64(total_fee) / 1e18 AS fee_payment_eth
FROM hours;
