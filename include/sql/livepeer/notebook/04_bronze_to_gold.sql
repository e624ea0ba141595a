-- SECTION: Bronze to gold audit
-- What does each layer hold of each session of the window? Read a row from left to right: the first 0 is the layer in
-- which the session was lost. A session without an orchestrator or a GPU has no row in `gpu_hours`; that is right.
-- BARS: typed_edges, typed_samples, silver_edges, silver_samples

-- QUERY: 04_bronze_to_gold
WITH
typed_edges AS (
    SELECT
        concat(trimBoth(stream_id), '|', trimBoth(request_id)) AS ids,
        count() AS found
    FROM stream_trace_events
    GROUP BY ids
),

typed_samples AS (
    SELECT
        concat(trimBoth(stream_id), '|', trimBoth(request_id)) AS ids,
        count() AS found
    FROM ai_stream_status
    GROUP BY ids
),

silver_edges AS (
    SELECT
        workflow_session_id,
        count() AS found,
        min(edge_ts) AS first_edge,
        max(edge_ts) AS last_edge
    FROM fact_stream_trace_edges
    GROUP BY workflow_session_id
),

silver_samples AS (
    SELECT
        workflow_session_id,
        count() AS found
    FROM fact_stream_status_samples
    GROUP BY workflow_session_id
),

segments AS (
    SELECT
        workflow_session_id,
        count() AS found
    FROM v_latest_segments
    GROUP BY workflow_session_id
),

-- The hours of the GPU view that count a sample of the session, or its start.
served AS (
    SELECT
        workflow_session_id,
        toDateTime64(dateTrunc('hour', sample_ts), 3, 'UTC') AS window_start,
        orchestrator_address,
        gpu_id
    FROM v_filled_status_samples
    UNION DISTINCT
    SELECT
        workflow_session_id,
        toDateTime64(dateTrunc('hour', session_start_ts), 3, 'UTC') AS window_start,
        orchestrator_address,
        ifNull(gpu_id, '') AS gpu_id
    FROM v_latest_sessions
),

gold AS (
    SELECT
        workflow_session_id,
        uniqExact(window_start) AS found
    FROM served
    WHERE (window_start, orchestrator_address, gpu_id) IN (
        SELECT
            window_start,
            orchestrator_address,
            gpu_id
        FROM v_api_gpu_metrics
    )
    GROUP BY workflow_session_id
)

SELECT
    sessions.workflow_session_id AS workflow_session_id,
    typed_edges.found AS typed_edges,
    typed_samples.found AS typed_samples,
    silver_edges.found AS silver_edges,
    silver_samples.found AS silver_samples,
    segments.found AS segments,
    gold.found AS gpu_hours,
    sessions.session_start_ts AS session_start,
    sessions.session_end_ts AS session_end,
    silver_edges.first_edge AS first_edge,
    silver_edges.last_edge AS last_edge,
    count() OVER () AS total_rows
FROM v_latest_sessions AS sessions
LEFT JOIN typed_edges ON concat(sessions.stream_id, '|', sessions.request_id) = typed_edges.ids
LEFT JOIN typed_samples ON concat(sessions.stream_id, '|', sessions.request_id) = typed_samples.ids
LEFT JOIN silver_edges ON sessions.workflow_session_id = silver_edges.workflow_session_id
LEFT JOIN silver_samples ON sessions.workflow_session_id = silver_samples.workflow_session_id
LEFT JOIN segments ON sessions.workflow_session_id = segments.workflow_session_id
LEFT JOIN gold ON sessions.workflow_session_id = gold.workflow_session_id
WHERE
    sessions.session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
    AND sessions.session_start_ts < {to_ts:DateTime64(3, 'UTC')}
ORDER BY sessions.session_start_ts, workflow_session_id
LIMIT 5000
SETTINGS join_use_nulls = 0;
