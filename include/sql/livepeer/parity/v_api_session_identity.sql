-- The identity of a session, from its newest version. When it differs, a search by stream or request, for example for a
-- complaint, finds another session, or an orchestrator that did not serve it.

-- QUERY: v_api_session_identity
WITH
ranked AS (
    SELECT
        workflow_session_id,
        orchestrator_address,
        stream_id,
        request_id,
        session_start_ts,
        session_end_ts,
        version AS latest_version,
        row_number() OVER (
            PARTITION BY workflow_session_id
            ORDER BY version DESC, ingestion_timestamp DESC
        ) AS recency
    FROM fact_workflow_sessions
)

SELECT * EXCEPT (recency)
FROM ranked
WHERE recency = 1 AND session_start_ts > '2000-01-01 00:00:00';
