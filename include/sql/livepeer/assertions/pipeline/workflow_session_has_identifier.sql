-- When this fails, a session has no id, or one that differs from its stream and request: unrelated streams count as one
-- session, or the signals of one stream as two.
-- LAYER: sessions

-- TEST: workflow_session_has_identifier
WITH judged AS (
    SELECT
        workflow_session_id,
        stream_id = '' AND request_id = '' AS is_nameless,
        multiIf(
            workflow_session_id = '', 'blank',
            is_nameless AND NOT startsWith(workflow_session_id, '_missing_stream|_missing_request|'), 'other parts',
            NOT is_nameless AND workflow_session_id != concat(
                ifNull(nullIf(stream_id, ''), '_missing_stream'),
                '|',
                ifNull(nullIf(request_id, ''), '_missing_request')
            ), 'other parts',
            ''
        ) AS fault
    FROM fact_workflow_sessions FINAL
    WHERE session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(fault != '') AS failed_rows,
    count() AS total_rows,
    countIf(fault = 'blank') AS blank_ids,
    countIf(fault = 'other parts') AS ids_of_other_parts,
    groupArrayIf(20)(workflow_session_id, fault != '') AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session starts in the window', '') AS skip_reason
FROM judged;

-- MUTATION: a session without an id
INSERT INTO fact_workflow_sessions
SELECT
    '',
    * EXCEPT (workflow_session_id)
FROM fact_workflow_sessions
ORDER BY workflow_session_id
LIMIT 1;

-- MUTATION: a session under another request's id
ALTER TABLE fact_workflow_sessions UPDATE request_id = concat(request_id, '-other')
WHERE workflow_session_id = (SELECT max(workflow_session_id) FROM fact_workflow_sessions);
