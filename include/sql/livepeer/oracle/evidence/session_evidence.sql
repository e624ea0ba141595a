-- The row counts of some sessions in each layer, to find the first layer where a difference occurs. Accepted session
-- events have both ids, so their session ids consist of these.

-- QUERY: session_evidence
WITH
records AS (
    SELECT
        concat(
            trimBoth(JSONExtractString(data, 'stream_id')), '|', trimBoth(JSONExtractString(data, 'request_id'))
        ) AS workflow_session_id,
        uniqExact(if(id = '', data, id)) AS raw_events
    FROM streaming_events
    WHERE
        type IN ('ai_stream_status', 'stream_trace', 'ai_stream_events')
        AND has({sessions:Array(String)}, workflow_session_id)
    GROUP BY workflow_session_id
),

typed_events AS (
    SELECT
        stream_id,
        request_id
    FROM ai_stream_status
    UNION ALL
    SELECT
        stream_id,
        request_id
    FROM stream_trace_events
    UNION ALL
    SELECT
        stream_id,
        request_id
    FROM ai_stream_events
),

typed AS (
    SELECT
        concat(trimBoth(stream_id), '|', trimBoth(request_id)) AS workflow_session_id,
        count() AS typed_rows
    FROM typed_events
    WHERE has({sessions:Array(String)}, concat(trimBoth(stream_id), '|', trimBoth(request_id)))
    GROUP BY workflow_session_id
),

samples AS (
    SELECT
        workflow_session_id,
        count() AS status_samples
    FROM fact_stream_status_samples
    WHERE has({sessions:Array(String)}, workflow_session_id)
    GROUP BY workflow_session_id
),

edges AS (
    SELECT
        workflow_session_id,
        count() AS trace_edges
    FROM fact_stream_trace_edges
    WHERE has({sessions:Array(String)}, workflow_session_id)
    GROUP BY workflow_session_id
),

asked AS (
    SELECT arrayJoin({sessions:Array(String)}) AS workflow_session_id
)

SELECT
    asked.workflow_session_id AS workflow_session_id,
    ifNull(records.raw_events, 0) AS raw_events,
    ifNull(typed.typed_rows, 0) AS typed_rows,
    ifNull(samples.status_samples, 0) AS status_samples,
    ifNull(edges.trace_edges, 0) AS trace_edges
FROM asked
LEFT JOIN records ON asked.workflow_session_id = records.workflow_session_id
LEFT JOIN typed ON asked.workflow_session_id = typed.workflow_session_id
LEFT JOIN samples ON asked.workflow_session_id = samples.workflow_session_id
LEFT JOIN edges ON asked.workflow_session_id = edges.workflow_session_id
ORDER BY workflow_session_id;
