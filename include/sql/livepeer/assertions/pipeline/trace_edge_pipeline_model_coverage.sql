-- When this fails, a session is attributed but none of its milestones is, although they name the same host and it was
-- known at that time: silver and sessions used different evidence, and swaps cannot be traced. A silver row may only
-- use what had been published when it was written, so evidence that came later does not count. Milestones name no
-- model, so it is unknown for a host with several models; this is reported, but is no failure.
-- LAYER: silver

-- TEST: trace_edge_pipeline_model_coverage
WITH
edges AS (
    SELECT
        workflow_session_id,
        countIf(orchestrator_address != '') AS attributed,
        countIf(orchestrator_address != '' AND pipeline = '') AS without_pipeline,
        countIf(orchestrator_address != '' AND ifNull(model_id, '') = '') AS without_model,
        groupUniqArrayIf(orchestrator_url, orchestrator_url != '') AS urls
    FROM fact_stream_trace_edges
    GROUP BY workflow_session_id
),

judged AS (
    SELECT
        edges.*,
        sessions.has_model_change AS has_model_change,
        lower(ifNull(sessions.model_id, '')) AS model
    FROM edges
    INNER JOIN v_latest_sessions AS sessions ON edges.workflow_session_id = sessions.workflow_session_id
    WHERE
        sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND sessions.orchestrator_address != ''
        AND has(edges.urls, sessions.orchestrator_url)
),

bare AS (
    SELECT workflow_session_id
    FROM judged
    WHERE attributed = 0
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
    FROM fact_stream_trace_edges AS silver
    INNER JOIN stream_trace_events AS typed ON silver.source_event_uid = typed.raw_event_uid
    WHERE typed.orchestrator_address != '' AND silver.workflow_session_id IN (SELECT workflow_session_id FROM bare)
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

uncovered AS (
    SELECT DISTINCT judged.workflow_session_id AS workflow_session_id
    FROM judged
    INNER JOIN evidence ON judged.workflow_session_id = evidence.workflow_session_id
    WHERE
        NOT judged.has_model_change
        AND (judged.model = '' OR has(evidence.models, '') OR has(evidence.models, judged.model))
)

SELECT
    countIf(workflow_session_id IN (SELECT workflow_session_id FROM uncovered)) AS failed_rows,
    failed_rows AS uncovered_sessions,
    count() AS attributed_sessions_checked,
    countIf(attributed = 0) - uncovered_sessions AS sessions_whose_host_was_known_too_late,
    sum(attributed) AS attributed_edges,
    sum(without_pipeline) AS attributed_edges_without_pipeline,
    sum(without_model) AS attributed_edges_without_model,
    groupArrayIf(20)(workflow_session_id, workflow_session_id IN (SELECT workflow_session_id FROM uncovered))
        AS failing_workflow_session_ids,
    if(
        count() = 0,
        'nothing to judge: no session whose milestones name its orchestrator starts in the window',
        ''
    ) AS skip_reason
FROM judged;

-- MUTATION: a session's milestones find nobody
ALTER TABLE fact_stream_trace_edges
UPDATE orchestrator_address = '', is_attributed = 0, pipeline = '', model_id = NULL
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE orchestrator_address != '' AND swap_count = 0
);
