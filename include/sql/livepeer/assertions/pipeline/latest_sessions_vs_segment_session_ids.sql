-- When this fails, a session has no segments, so that the orchestrator that served it is unknown; or segments belong to
-- a session that does not exist. Ids are compared, not counts, because the two errors cancel in a count.
-- LAYER: sessions

-- TEST: latest_sessions_vs_segment_session_ids
WITH
sides AS (
    SELECT workflow_session_id, session_start_ts AS began, 1 AS is_session
    FROM v_latest_sessions
    UNION ALL
    SELECT workflow_session_id, segment_start_ts AS began, 0 AS is_session
    FROM v_latest_segments
),

by_session AS (
    SELECT
        workflow_session_id,
        max(is_session) AS has_session,
        min(is_session) = 0 AS has_segment,
        if(has_session, minIf(began, is_session), min(began)) AS started
    FROM sides
    GROUP BY workflow_session_id
)

SELECT
    countIf(NOT (has_session AND has_segment)) AS failed_rows,
    countIf(has_session) AS sessions_latest,
    countIf(has_segment) AS segment_session_ids,
    toInt64(sessions_latest) - toInt64(segment_session_ids) AS delta,
    countIf(NOT has_segment) AS sessions_without_segment,
    countIf(NOT has_session) AS segment_ids_without_session,
    multiIf(failed_rows > 0, 'FAIL', count() = 0, 'INFO', 'PASS') AS status,
    groupArrayIf(20)(workflow_session_id, NOT (has_session AND has_segment)) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session and no segment started in the window', '') AS skip_reason
FROM by_session
WHERE started >= {from_ts:DateTime64(3, 'UTC')} AND started < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: the segments of a session are lost
DELETE FROM fact_workflow_session_segments
WHERE workflow_session_id = (
    SELECT max(workflow_session_id) FROM fact_workflow_sessions WHERE orchestrator_address = ''
);

-- MUTATION: a segment is written under an id that no session has
INSERT INTO fact_workflow_session_segments
(
    workflow_session_id, stream_id, request_id, segment_index, segment_start_ts, segment_end_ts, gateway, reason,
    source_trace_type, source_event_uid, version
)
SELECT
    'ghost|ghost',
    'ghost',
    'ghost',
    segment_index,
    segment_start_ts,
    segment_end_ts,
    gateway,
    reason,
    source_trace_type,
    source_event_uid,
    version
FROM fact_workflow_session_segments
WHERE orchestrator_address = ''
ORDER BY workflow_session_id
LIMIT 1;
