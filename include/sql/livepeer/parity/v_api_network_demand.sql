-- What was asked of the network in an hour and what it gave, from samples, sessions and payments themselves, put under
-- one another. Where it differs, capacity is bought where nobody asks, or earnings are reported that nobody paid.

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

-- A gateway's hour, region and model of which all sessions with a pipeline had the same one.
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

samples_in_order AS (
    SELECT
        arraySort(groupArray((
            toUnixTimestamp64Milli(sample_ts), source_event_uid, gateway, coalesce(region, ''), pipeline,
            coalesce(model_id, ''), workflow_session_id, stream_id, output_fps
        ))) AS samples
    FROM fact_stream_status_samples
    GROUP BY workflow_session_id
),

pairs AS (
    SELECT arrayJoin(arrayZip(samples, arrayPushBack(arrayPopFront(samples), samples[-1]))) AS pair
    FROM samples_in_order
),

samples AS (
    SELECT
        fromUnixTimestamp64Milli(pair.1.1 - positiveModulo(pair.1.1, 3600000), 'UTC') AS hour,
        pair.1.3 AS gateway,
        pair.1.4 AS place,
        pair.1.5 AS own_workflow,
        pair.1.6 AS model,
        pair.1.7 AS session,
        pair.1.8 AS stream,
        pair.1.9 AS fps,
        least(pair.2.1 - pair.1.1, 60000) AS span_ms
    FROM pairs
),

evidence AS (
    SELECT
        samples.hour AS hour,
        samples.gateway AS gateway,
        samples.place AS place,
        if(samples.own_workflow = '', coalesce(lone_workflows.lone, ''), samples.own_workflow) AS workflow,
        samples.model AS model,
        toNullable(samples.session) AS session,
        nullIf(samples.stream, '') AS stream,
        toNullable(samples.fps) AS fps,
        samples.span_ms AS span_ms,
        0 AS is_known,
        0 AS is_served,
        0 AS is_unexcused,
        0 AS is_confirmed,
        0 AS is_inferred
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
        is_inferred
    FROM sessions
),

hours AS (
    SELECT
        hour,
        gateway,
        place,
        workflow,
        model,
        uniqExact(stream) AS streams,
        uniqExact(session) AS sampled_sessions,
        sum(span_ms) AS total_ms,
        avg(fps) AS mean_fps,
        sum(is_known) AS known,
        sum(is_served) AS served,
        sum(is_unexcused) AS unexcused,
        sum(is_confirmed) AS confirmed,
        sum(is_inferred) AS inferred,
        sum(is_confirmed OR is_inferred) AS swapped
    FROM evidence
    GROUP BY hour, gateway, place, workflow, model
),

-- A payment is that of the session of its request that started last.
payers AS (
    SELECT
        request_id,
        argMax((hour, gateway, place, workflow, model), (session_start_ts, workflow_session_id)) AS payer
    FROM sessions
    WHERE request_id != ''
    GROUP BY request_id
),

-- "2400000000000000 WEI": an amount is digits, perhaps a fraction of a wei, perhaps the unit.
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

-- A fee may belong to one of two hours: that of the payment, or, where that one shows nothing, that of its session.
fees AS (
    SELECT
        amounts.hour AS paid_hour,
        payers.payer.1 AS start_hour,
        payers.payer.2 AS gateway,
        payers.payer.3 AS place,
        payers.payer.4 AS workflow,
        payers.payer.5 AS model,
        sum(if(
            length(amounts.halves) <= 2
            AND length(amounts.halves[1]) BETWEEN 1 AND 40
            AND match(arrayStringConcat(amounts.halves), '^[0-9]+$'),
            toUInt256OrZero(amounts.halves[1]),
            0
        )) AS wei
    FROM amounts
    INNER JOIN payers ON amounts.request_id = payers.request_id
    GROUP BY paid_hour, start_hour, gateway, place, workflow, model
),

fee_hours AS (
    SELECT
        if(hours.hour IS NULL, fees.start_hour, fees.paid_hour) AS hour,
        fees.gateway AS gateway,
        fees.place AS place,
        fees.workflow AS workflow,
        fees.model AS model,
        sum(fees.wei) AS wei
    FROM fees
    LEFT JOIN hours
        ON
            fees.paid_hour = hours.hour
            AND fees.gateway = hours.gateway
            AND fees.place = hours.place
            AND fees.workflow = hours.workflow
            AND fees.model = hours.model
    GROUP BY hour, gateway, place, workflow, model
)

SELECT
    hours.hour AS window_start,
    hours.gateway AS gateway,
    hours.place AS region,
    hours.workflow AS pipeline,
    hours.model AS model_id,
    hours.streams AS total_streams,
    hours.sampled_sessions AS total_sessions,
    hours.total_ms / 60000 AS total_inference_minutes,
    hours.mean_fps AS avg_output_fps,
    hours.known AS known_sessions,
    hours.served AS served_sessions,
    toUInt64(hours.known - hours.served) AS unserved_sessions,
    hours.known AS total_demand_sessions,
    hours.unexcused AS unexcused_sessions,
    hours.confirmed AS confirmed_swapped_sessions,
    hours.inferred AS inferred_orchestrator_change_sessions,
    hours.swapped AS swapped_sessions,
    toUInt64(hours.known - hours.served) AS missing_capacity_count,
    if(hours.known > 0, (hours.known - hours.unexcused) / hours.known, NULL) AS success_ratio,
    toFloat64(coalesce(fee_hours.wei, 0)) / 1e18 AS fee_payment_eth
FROM hours
LEFT JOIN fee_hours
    ON
        hours.hour = fee_hours.hour
        AND hours.gateway = fee_hours.gateway
        AND hours.place = fee_hours.place
        AND hours.workflow = fee_hours.workflow
        AND hours.model = fee_hours.model;
