-- When this fails, one session has several current rows and is counted more than once in every view. The usual cause is
-- a time in the sorting key: a late signal moves the start, and versions with different keys never replace each other.
-- All rows of a session are checked, also those that start outside the window.
-- LAYER: sessions

-- TEST: session_final_uniqueness
WITH by_session AS (
    SELECT
        workflow_session_id,
        count() AS final_rows,
        max(
            session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        ) AS is_inside
    FROM fact_workflow_sessions FINAL
    GROUP BY workflow_session_id
    HAVING is_inside
)

SELECT
    countIf(final_rows != 1) AS failed_rows,
    count() AS unique_sessions_checked,
    groupArrayIf(20)((workflow_session_id, final_rows), final_rows != 1) AS session_and_final_rows,
    groupArrayIf(20)(workflow_session_id, final_rows != 1) AS failing_workflow_session_ids,
    if(count() = 0, 'nothing to judge: no session starts in the window', '') AS skip_reason
FROM by_session;

-- MUTATION: the start is in the sorting key, and one session's start moved by a minute
CREATE OR REPLACE TABLE fact_workflow_sessions
ENGINE = ReplacingMergeTree(version) ORDER BY (session_start_ts, workflow_session_id)
AS
SELECT * EXCEPT (session_start_ts), session_start_ts FROM fact_workflow_sessions
UNION ALL
SELECT * EXCEPT (session_start_ts), session_start_ts - INTERVAL 1 MINUTE AS session_start_ts
FROM fact_workflow_sessions
WHERE workflow_session_id = (SELECT max(other.workflow_session_id) FROM fact_workflow_sessions AS other);
