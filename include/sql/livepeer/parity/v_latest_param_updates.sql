-- Each parameter update in its newest version. When they differ, an update that was sent once counts twice, or stays
-- with the orchestrator to which it was attributed first.

-- QUERY: v_latest_param_updates
WITH
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY workflow_session_id, update_ts, source_event_uid
            ORDER BY version DESC, ingestion_timestamp DESC
        ) AS recency
    FROM fact_workflow_param_updates
)

SELECT * EXCEPT (recency)
FROM ranked
WHERE recency = 1;
