-- When this fails, a session found its orchestrator but not one of its milestones did, although they name the very
-- host: silver and sessions were attributed by different evidence, and swaps cannot be followed. Milestones carry no
-- model of their own, so that a host of several models leaves it open; that is told, not judged.
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
        edges.attributed = 0 AS is_uncovered
    FROM edges
    INNER JOIN v_latest_sessions AS sessions ON edges.workflow_session_id = sessions.workflow_session_id
    WHERE
        sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND sessions.orchestrator_address != ''
        AND has(edges.urls, sessions.orchestrator_url)
)

SELECT
    countIf(is_uncovered) AS failed_rows,
    countIf(is_uncovered) AS uncovered_sessions,
    count() AS attributed_sessions_checked,
    sum(attributed) AS attributed_edges,
    sum(without_pipeline) AS attributed_edges_without_pipeline,
    sum(without_model) AS attributed_edges_without_model,
    groupArrayIf(20)(workflow_session_id, is_uncovered) AS failing_workflow_session_ids,
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
