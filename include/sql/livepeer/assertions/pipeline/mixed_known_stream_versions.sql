-- When this fails, a newer version of a session takes back that its stream was requested, or that its startup
-- succeeded: the processor lost its state, and a success now counts as a failure. A session can never lose these flags.
-- Every step between stored versions is compared, not only the first and the last, because 0, 1, 0 is wrong, too.
-- LAYER: sessions

-- TEST: mixed_known_stream_versions
WITH
histories AS (
    SELECT
        workflow_session_id,
        arraySort(
            groupArray((version, ingestion_timestamp, toInt8(known_stream), toInt8(startup_success), session_start_ts))
        ) AS history,
        arrayMin(arrayDifference(history.3)) < 0 OR arrayMin(arrayDifference(history.4)) < 0 AS regresses
    FROM fact_workflow_sessions
    GROUP BY workflow_session_id
)

SELECT
    countIf(regresses) AS failed_rows,
    count() AS sessions_checked,
    countIf(length(history) > 1) AS sessions_with_several_versions,
    countIf(arrayUniq(history.3) > 1) AS sessions_with_known_stream_transitions,
    countIf(arrayUniq(history.4) > 1) AS sessions_with_startup_success_transitions,
    countIf(regresses) AS regressive_sessions,
    multiIf(
        regressive_sessions > 0, 'FAIL',
        sessions_with_known_stream_transitions + sessions_with_startup_success_transitions > 0, 'WARN',
        'PASS'
    ) AS status,
    groupArrayIf(20)(workflow_session_id, regresses) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session started in the window', '') AS skip_reason
FROM histories
WHERE history.5[-1] >= {from_ts:DateTime64(3, 'UTC')} AND history.5[-1] < {to_ts:DateTime64(3, 'UTC')};

-- MUTATION: a stream was known, then it was not, then again
INSERT INTO fact_workflow_sessions
(
    workflow_session_id, stream_id, request_id, session_start_ts, session_end_ts, known_stream, startup_success, version
)
SELECT
    sessions.workflow_session_id,
    sessions.stream_id,
    sessions.request_id,
    sessions.session_start_ts,
    sessions.session_end_ts,
    older % 2,
    0,
    sessions.version - 10 + older
FROM (
    SELECT *
    FROM fact_workflow_sessions
    WHERE known_stream AND version > 10
    ORDER BY workflow_session_id
    LIMIT 1
) AS sessions
ARRAY JOIN [1, 2] AS older
SETTINGS optimize_on_insert = 0;

-- MUTATION: a session that failed has an older version that says it had started
INSERT INTO fact_workflow_sessions
(
    workflow_session_id, stream_id, request_id, session_start_ts, session_end_ts, known_stream, startup_success, version
)
SELECT
    workflow_session_id,
    stream_id,
    request_id,
    session_start_ts,
    session_end_ts,
    known_stream,
    1,
    version - 1
FROM fact_workflow_sessions
WHERE NOT startup_success AND version > 1
ORDER BY workflow_session_id
LIMIT 1;
