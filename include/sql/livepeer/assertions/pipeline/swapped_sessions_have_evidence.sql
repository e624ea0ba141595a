-- When this fails, a session is reported as swapped without evidence in the facts: orchestrators are blamed for
-- failovers that did not happen. Each kind of swap needs its own evidence: an announced one a swap milestone, an
-- inferred one segments of two orchestrators. The trace behind a count would only confirm that count.
-- LAYER: sessions

-- TEST: swapped_sessions_have_evidence
WITH
swapped AS (
    SELECT
        workflow_session_id,
        concat(stream_id, '|', request_id) AS pair,
        confirmed_swap_count > 0 AS is_confirmed,
        inferred_orchestrator_change_count > 0 AS is_inferred
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND (confirmed_swap_count > 0 OR inferred_orchestrator_change_count > 0)
),

several AS (
    SELECT workflow_session_id
    FROM v_latest_segments
    WHERE orchestrator_address != ''
    GROUP BY workflow_session_id
    HAVING uniqExact(lower(orchestrator_address)) > 1
),

judged AS (
    SELECT
        workflow_session_id,
        pair,
        is_confirmed,
        is_inferred,
        is_confirmed AND workflow_session_id NOT IN (
            SELECT workflow_session_id FROM fact_stream_trace_edges WHERE is_swap_event = 1
        ) AS lacks_edge,
        is_inferred AND workflow_session_id NOT IN (SELECT workflow_session_id FROM several) AS lacks_segments
    FROM swapped
)

SELECT
    countIf(lacks_edge OR lacks_segments) AS failed_rows,
    countIf(lacks_edge OR lacks_segments) AS swapped_without_evidence,
    count() AS swapped_sessions_checked,
    countIf(lacks_edge) AS confirmed_without_swap_edge,
    countIf(lacks_segments) AS inferred_without_segments,
    groupArrayIf(20)(workflow_session_id, lacks_edge OR lacks_segments) AS failing_workflow_session_ids,
    groupArrayIf(20)(pair, lacks_edge OR lacks_segments) AS failing_stream_request_pairs,
    if(count() = 0, 'nothing to judge: no swapped session starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: a session claims an announced swap
ALTER TABLE fact_workflow_sessions UPDATE confirmed_swap_count = 1, swap_count = 1
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE swap_count = 0);

-- MUTATION: a session claims a change of orchestrators
ALTER TABLE fact_workflow_sessions UPDATE inferred_orchestrator_change_count = 1
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE inferred_orchestrator_change_count = 0
);
