-- The work of each GPU for each gateway in an hour, computed from samples, sessions, payments and offers. When it
-- differs, an idle host is shown as full, or a host is paid for the work of another.

-- QUERY: v_api_network_demand_by_gpu
WITH
sessions AS (
    SELECT
        session_start_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(session_start_ts), 3600000))
            AS hour,
        workflow_session_id,
        request_id,
        session_start_ts,
        gateway,
        orchestrator_address AS host,
        coalesce(region, '') AS place,
        pipeline AS workflow,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS gpu,
        known_stream != 0 AS is_known,
        startup_unexcused != 0 AS is_unexcused,
        confirmed_swap_count != 0 AS is_confirmed,
        inferred_orchestrator_change_count != 0 AS is_inferred
    FROM v_latest_sessions
),

newest_gpus AS (
    SELECT
        hour,
        gateway,
        host,
        place,
        workflow,
        model,
        argMax(gpu, (session_start_ts, workflow_session_id)) AS newest_gpu
    FROM sessions
    WHERE gpu != ''
    GROUP BY hour, gateway, host, place, workflow, model
),

samples AS (
    SELECT
        sample_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(sample_ts), 3600000)) AS hour,
        gateway,
        orchestrator_address AS host,
        coalesce(region, '') AS place,
        pipeline AS workflow,
        coalesce(model_id, '') AS model,
        coalesce(gpu_id, '') AS own_gpu,
        workflow_session_id,
        stream_id,
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
        argMax((gateway, host, place, workflow, model, gpu), (session_start_ts, workflow_session_id)) AS payer
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
        hour,
        gateway,
        host,
        place,
        workflow,
        model,
        own_gpu,
        toNullable(workflow_session_id) AS session,
        nullIf(stream_id, '') AS stream,
        toUInt64(least(coalesce(next_ms, at_ms) - at_ms, 60000)) AS span_ms,
        0 AS is_known,
        0 AS is_unexcused,
        0 AS is_confirmed,
        0 AS is_inferred,
        toUInt256(0) AS wei
    FROM samples
    UNION ALL
    SELECT
        hour,
        gateway,
        host,
        place,
        workflow,
        model,
        gpu AS own_gpu,
        NULL AS session,
        NULL AS stream,
        0 AS span_ms,
        is_known,
        is_unexcused,
        is_confirmed,
        is_inferred,
        0 AS wei
    FROM sessions
    UNION ALL
    SELECT
        amounts.hour AS hour,
        payers.payer.1 AS gateway,
        payers.payer.2 AS host,
        payers.payer.3 AS place,
        payers.payer.4 AS workflow,
        payers.payer.5 AS model,
        payers.payer.6 AS own_gpu,
        NULL AS session,
        NULL AS stream,
        0 AS span_ms,
        0 AS is_known,
        0 AS is_unexcused,
        0 AS is_confirmed,
        0 AS is_inferred,
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

-- Only hours that have samples are shown.
hours AS (
    SELECT
        facts.hour AS hour,
        facts.gateway AS gateway,
        facts.host AS host,
        facts.place AS place,
        facts.workflow AS workflow,
        facts.model AS model,
        if(facts.own_gpu = '', coalesce(newest_gpus.newest_gpu, ''), facts.own_gpu) AS gpu,
        uniqExact(facts.stream) AS streams,
        uniqExact(facts.session) AS sampled_sessions,
        sum(facts.span_ms) AS used_ms,
        sum(facts.is_known) AS known,
        sum(facts.is_unexcused) AS unexcused,
        sum(facts.is_confirmed) AS confirmed,
        sum(facts.is_inferred) AS inferred,
        sum(facts.is_confirmed OR facts.is_inferred) AS swapped,
        sum(facts.wei) AS total_wei
    FROM facts
    LEFT JOIN newest_gpus
        ON
            facts.hour = newest_gpus.hour
            AND facts.gateway = newest_gpus.gateway
            AND facts.host = newest_gpus.host
            AND facts.place = newest_gpus.place
            AND facts.workflow = newest_gpus.workflow
            AND facts.model = newest_gpus.model
    GROUP BY hour, gateway, host, place, workflow, model, gpu
    HAVING count(facts.session) > 0
),

-- The last number of streams of a model that a host offered in an hour; of several capabilities at one time, the
-- largest.
host_offers AS (
    SELECT
        snapshot_ts - toIntervalMillisecond(positiveModulo(toUnixTimestamp64Milli(snapshot_ts), 3600000)) AS said_hour,
        orchestrator_address AS host,
        model_id AS model,
        orchestrator_url,
        max((snapshot_ts, toInt64(coalesce(capacity, 0)))).2 AS places
    FROM dim_orchestrator_capability_model_constraints
    WHERE capacity IS NOT NULL AND capacity >= 0
    GROUP BY said_hour, host, model, orchestrator_url
),

offers AS (
    SELECT
        said_hour,
        host,
        model,
        sum(places) AS total_places
    FROM host_offers
    GROUP BY said_hour, host, model
),

-- An offer is valid for its hour and one more day, unless there is a newer one.
standing_offers AS (
    SELECT
        said_hour + toIntervalHour(arrayJoin(range(25))) AS hour,
        host,
        model,
        argMax(total_places, said_hour) * 60 AS offered_minutes
    FROM offers
    GROUP BY hour, host, model
),

-- The newest announcement of a card for a model.
cards AS (
    SELECT
        orchestrator_address AS host,
        model_id AS model,
        coalesce(gpu_id, '') AS gpu,
        coalesce(gpu_name, '') AS card,
        row_number() OVER (
            PARTITION BY orchestrator_address, model_id, gpu_id
            ORDER BY
                snapshot_ts DESC, pipeline DESC, capability_id DESC, ingestion_timestamp DESC, source_event_uid DESC,
                orchestrator_url DESC, orchestrator_proxy_address DESC
        ) AS recency
    FROM dim_orchestrator_capability_snapshots
    WHERE gpu_id != ''
),

-- A model's capacity on a host is divided among the rows of the hour, by the time that each used, or evenly where
-- none used any.
model_hours AS (
    SELECT
        *,
        sum(used_ms) OVER (PARTITION BY hour, host, model) AS model_ms,
        count() OVER (PARTITION BY hour, host, model) AS model_rows
    FROM hours
)

SELECT
    model_hours.hour AS window_start,
    model_hours.gateway AS gateway,
    model_hours.host AS orchestrator_address,
    model_hours.place AS region,
    model_hours.workflow AS pipeline,
    model_hours.model AS model_id,
    model_hours.gpu AS gpu_id,
    coalesce(nullIf(cards.card, ''), 'unknown') AS gpu_type,
    model_hours.streams AS total_streams,
    model_hours.sampled_sessions AS total_sessions,
    model_hours.used_ms / 60000 AS inference_minutes_by_gpu_type,
    model_hours.used_ms / 60000 AS used_inference_minutes,
    if(
        model_hours.model_ms = 0,
        standing_offers.offered_minutes / model_hours.model_rows,
        standing_offers.offered_minutes * model_hours.used_ms / nullIf(model_hours.model_ms, 0)
    ) AS available_capacity_minutes,
    if(
        standing_offers.offered_minutes > 0,
        model_hours.model_ms / (standing_offers.offered_minutes * 60000),
        NULL
    ) AS capacity_rate,
    model_hours.known AS known_sessions,
    model_hours.unexcused AS unexcused_sessions,
    model_hours.confirmed AS confirmed_swapped_sessions,
    model_hours.inferred AS inferred_orchestrator_change_sessions,
    model_hours.swapped AS swapped_sessions,
    if(model_hours.host = '', model_hours.known, 0) AS missing_capacity_count,
    toFloat64(model_hours.total_wei) / 1e18 AS fee_payment_eth
FROM model_hours
LEFT JOIN standing_offers
    ON
        model_hours.hour = standing_offers.hour
        AND model_hours.host = standing_offers.host
        AND model_hours.model = standing_offers.model
LEFT JOIN cards
    ON
        model_hours.host = cards.host
        AND model_hours.model = cards.model
        AND model_hours.gpu = cards.gpu
        AND cards.recency = 1;
