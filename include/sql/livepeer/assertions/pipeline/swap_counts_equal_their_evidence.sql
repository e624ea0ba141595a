-- When this fails, the number of swaps of a session differs from its facts, and orchestrators are judged by wrong swap
-- rates. Inferred changes are the distinct orchestrators of its segments minus one (A, B, A is one change); announced
-- swaps are its swap milestones.
-- LAYER: sessions

-- TEST: swap_counts_equal_their_evidence
WITH
segments AS (
    SELECT workflow_session_id, uniqExactIf(lower(orchestrator_address), orchestrator_address != '') AS orchestrators
    FROM v_latest_segments
    GROUP BY workflow_session_id
),

edges AS (
    SELECT workflow_session_id, uniqExact(source_event_uid) AS swaps
    FROM fact_stream_trace_edges
    WHERE trace_type = 'orchestrator_swap'
    GROUP BY workflow_session_id
),

judged AS (
    SELECT
        sessions.workflow_session_id AS workflow_session_id,
        sessions.inferred_orchestrator_change_count AS inferred,
        greatest(ifNull(segments.orchestrators, 0), 1) - 1 AS changes,
        sessions.confirmed_swap_count AS confirmed,
        -- The largest count that the column can store.
        least(ifNull(edges.swaps, 0), 65535) AS swaps,
        inferred != least(changes, 65535) AS differs_inferred,
        confirmed != swaps AS differs_confirmed
    FROM v_latest_sessions AS sessions
    LEFT JOIN segments ON sessions.workflow_session_id = segments.workflow_session_id
    LEFT JOIN edges ON sessions.workflow_session_id = edges.workflow_session_id
    WHERE
        sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(differs_inferred OR differs_confirmed) AS failed_rows,
    count() AS sessions_checked,
    countIf(differs_inferred) AS inferred_differs,
    countIf(differs_confirmed) AS confirmed_differs,
    groupArrayIf(20)(
        (workflow_session_id, inferred, changes, confirmed, swaps), differs_inferred OR differs_confirmed
    ) AS session_inferred_changes_confirmed_swaps,
    groupArrayIf(20)(workflow_session_id, differs_inferred OR differs_confirmed) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: one announced swap too many
ALTER TABLE fact_workflow_sessions
UPDATE confirmed_swap_count = confirmed_swap_count + 1, swap_count = swap_count + 1
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE confirmed_swap_count > 0
);

-- MUTATION: there and back is counted as two changes
ALTER TABLE fact_workflow_sessions UPDATE inferred_orchestrator_change_count = 2
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_session_segments WHERE segment_index = 2
);

-- MUTATION: a swap is missed
ALTER TABLE fact_workflow_sessions UPDATE inferred_orchestrator_change_count = 0
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_session_segments WHERE segment_index = 1
);
