-- The sessions that the event is counted in. `used_as` tells whether it is the first or the last signal of the session.
-- LAYER: sessions

-- QUERY: 08_sessions
WITH
used_by AS (
    SELECT workflow_session_id
    FROM fact_stream_status_samples
    WHERE source_event_uid = {event:String}
    UNION DISTINCT
    SELECT workflow_session_id
    FROM fact_stream_trace_edges
    WHERE source_event_uid = {event:String}
    UNION DISTINCT
    SELECT workflow_session_id
    FROM fact_lifecycle_edge_coverage
    WHERE source_event_uid = {event:String}
    UNION DISTINCT
    SELECT concat(trimBoth(stream_id), '|', trimBoth(request_id)) AS workflow_session_id
    FROM ai_stream_events
    WHERE raw_event_uid = {event:String}
)

SELECT
    multiIf(
        source_first_event_uid = {event:String} AND source_last_event_uid = {event:String}, 'first and last signal',
        source_first_event_uid = {event:String}, 'first signal',
        source_last_event_uid = {event:String}, 'last signal',
        'signal'
    ) AS used_as,
    sessions.*
FROM fact_workflow_sessions AS sessions FINAL
WHERE
    sessions.workflow_session_id IN (SELECT used_by.workflow_session_id FROM used_by)
    OR {event:String} IN (source_first_event_uid, source_last_event_uid)
ORDER BY sessions.workflow_session_id;
