-- What the session's orchestrators announced within a day of the session's start, nearest first. The wallets are those
-- of its facts and those that its signals named, which may be proxies. Attribution chose among these rows.
-- LAYER: typed

-- QUERY: 17_capabilities
WITH
signals AS (
    SELECT event_timestamp AS ts, lower(trimBoth(orchestrator_address)) AS wallet
    FROM merge('^(ai_stream_status|stream_trace_events)$')
    WHERE
        concat(trimBoth(stream_id), '|', trimBoth(request_id)) = {ids:String}
        AND match(raw_event_uid, {event_pattern:String})
    UNION ALL
    SELECT session_start_ts AS ts, orchestrator_address AS wallet
    FROM v_latest_sessions
    WHERE workflow_session_id = {sid:String}
    UNION ALL
    SELECT segment_start_ts AS ts, orchestrator_address AS wallet
    FROM v_latest_segments
    WHERE workflow_session_id = {sid:String}
),

started AS (
    SELECT min(ts) AS session_start_ts FROM signals
)

SELECT
    offers.event_timestamp AS event_timestamp,
    dateDiff('second', started.session_start_ts, offers.event_timestamp) AS seconds_after_start,
    offers.orchestrator_address AS orchestrator_address,
    offers.local_address AS local_address,
    offers.orch_uri AS orch_uri,
    offers.gpu_id AS gpu_id,
    offers.* EXCEPT (event_timestamp, orchestrator_address, local_address, orch_uri, gpu_id, raw_json)
FROM network_capabilities AS offers
CROSS JOIN started
WHERE
    (
        lower(offers.orchestrator_address) IN (SELECT wallet FROM signals WHERE wallet != '')
        OR lower(offers.local_address) IN (SELECT wallet FROM signals WHERE wallet != '')
    )
    AND abs(dateDiff('millisecond', started.session_start_ts, offers.event_timestamp)) <= 86400000
ORDER BY
    abs(seconds_after_start),
    offers.event_timestamp,
    offers.orchestrator_address,
    offers.orch_uri,
    offers.model_id,
    offers.gpu_id;
