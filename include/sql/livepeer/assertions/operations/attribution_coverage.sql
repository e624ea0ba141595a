-- When this fails, too many sessions that an orchestrator served are not attributed: its wallet is on their samples or
-- edges, but no canonical wallet was found. Their use and failures are then credited to no orchestrator, and compliance
-- looks better than it is. One in five may stay unresolved: an orchestrator that has just joined or changed its wallet
-- is unknown until its next capability event. More means that wallets no longer match, or that capability events no
-- longer arrive. In a replay, only sessions count whose host had been announced before.
-- LAYER: sessions

-- TEST: attribution_coverage
WITH
served AS (
    SELECT
        workflow_session_id,
        orchestrator_address != '' AS is_resolved,
        has_model_change,
        lower(ifNull(model_id, '')) AS model
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND known_stream = 1
        AND workflow_session_id IN (
            SELECT workflow_session_id FROM fact_stream_status_samples
            WHERE orchestrator_url != '' OR orchestrator_address != ''
            UNION ALL
            SELECT workflow_session_id FROM fact_stream_trace_edges
            WHERE orchestrator_url != '' OR orchestrator_address != ''
        )
),

unresolved AS (
    SELECT workflow_session_id
    FROM served
    WHERE NOT is_resolved
),

-- The wallets and hosts that the signals of these sessions name, with the time.
named AS (
    SELECT
        silver.workflow_session_id AS workflow_session_id,
        lower(typed.orchestrator_address) AS wallet,
        typed.event_timestamp AS published,
        typed.source_partition AS source_partition,
        typed.source_offset AS source_offset,
        typed.raw_event_uid AS uid
    FROM (
        SELECT workflow_session_id, source_event_uid FROM fact_stream_status_samples
        UNION ALL
        SELECT workflow_session_id, source_event_uid FROM fact_stream_trace_edges
    ) AS silver
    INNER JOIN merge('^(ai_stream_status|stream_trace_events)$') AS typed
        ON silver.source_event_uid = typed.raw_event_uid
    WHERE
        typed.orchestrator_address != ''
        AND silver.workflow_session_id IN (SELECT workflow_session_id FROM unresolved)
),

offers AS (
    SELECT
        arrayJoin(arrayDistinct([lower(local_address), canonical])) AS wallet,
        lower(orchestrator_address) AS canonical,
        lower(ifNull(model_id, '')) AS model,
        event_timestamp AS announced,
        source_partition,
        source_offset
    FROM merge('^network_capabilities(_model_constraints)?$')
    WHERE orchestrator_address != ''
),

-- Evidence that existed when the record arrived: published before it, stamped at most a second after it, of one owner.
evidence AS (
    SELECT
        named.workflow_session_id AS workflow_session_id,
        groupUniqArray(offers.model) AS models
    FROM named
    INNER JOIN offers ON named.wallet = offers.wallet
    WHERE
        offers.announced <= named.published + INTERVAL 1 SECOND
        AND if(
            named.source_partition = offers.source_partition,
            offers.source_offset < named.source_offset,
            offers.announced + INTERVAL 1 MINUTE < named.published
        )
    GROUP BY named.workflow_session_id, named.uid
    HAVING uniqExact(offers.canonical) = 1
),

known AS (
    SELECT DISTINCT served.workflow_session_id AS workflow_session_id
    FROM served
    INNER JOIN evidence ON served.workflow_session_id = evidence.workflow_session_id
    WHERE
        NOT served.has_model_change
        AND (served.model = '' OR has(evidence.models, '') OR has(evidence.models, served.model))
),

judged AS (
    SELECT workflow_session_id, is_resolved
    FROM served
    WHERE
        is_resolved
        OR empty({published_in_window:Map(String, UInt64)})
        OR workflow_session_id IN (SELECT workflow_session_id FROM known)
)

SELECT
    if(coverage < 0.8, countIf(NOT is_resolved), 0) AS failed_rows,
    count() AS served_sessions,
    countIf(is_resolved) AS resolved_sessions,
    (SELECT count() FROM served) - served_sessions AS sessions_whose_host_nobody_had_announced,
    if(served_sessions = 0, 1, resolved_sessions / served_sessions) AS coverage,
    0.8 AS least_coverage,
    groupArrayIf(20)(workflow_session_id, NOT is_resolved) AS unresolved_session_ids,
    if(coverage < 0.8, unresolved_session_ids, []) AS failing_workflow_session_ids,
    if(
        served_sessions = 0,
        'nothing to judge: no known session in the window that an announced orchestrator served',
        ''
    ) AS skip_reason
FROM judged;

-- MUTATION: sessions lose the orchestrator that served them
ALTER TABLE fact_workflow_sessions UPDATE orchestrator_address = ''
WHERE orchestrator_address != '';
