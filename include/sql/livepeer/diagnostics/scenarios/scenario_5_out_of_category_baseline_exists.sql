-- How many sessions of the window are in none of the four other scenarios. The conditions are those of the discovery
-- query of the same name.
-- LAYER: sessions
-- Not a check: a window may correctly have none. The oracle checks that a fixture session keeps its scenario.

-- TEST: scenario_5_out_of_category_baseline_exists
WITH judged AS (
    SELECT
        workflow_session_id,
        known_stream AND startup_success AND NOT startup_unexcused AND swap_count = 0
        AND workflow_session_id IN (
            SELECT workflow_session_id
            FROM fact_stream_status_samples
            GROUP BY workflow_session_id
            HAVING avg(output_fps) > 12
        ) AS in_1,
        NOT startup_success AND workflow_session_id IN (
            SELECT workflow_session_id
            FROM fact_stream_trace_edges
            WHERE trace_type IN ('gateway_no_orchestrators_available', 'gateway_ingest_stream_closed')
            GROUP BY workflow_session_id
            HAVING min(trace_type) != max(trace_type)
        ) AS in_2,
        startup_success
        AND (
            confirmed_swap_count > 0
            OR inferred_orchestrator_change_count > 0
            OR swap_count > 0
            OR workflow_session_id IN (
                SELECT workflow_session_id
                FROM v_latest_segments
                WHERE orchestrator_address != ''
                GROUP BY workflow_session_id
                HAVING uniqExact(orchestrator_address) > 1
            )
        ) AS in_3,
        startup_success AND workflow_session_id IN (SELECT workflow_session_id FROM fact_workflow_param_updates)
            AS in_4,
        NOT in_1 AND NOT in_2 AND NOT in_3 AND NOT in_4 AS is_candidate
    FROM v_latest_sessions
    WHERE
        session_start_ts >= {from_ts:DateTime64(3, 'UTC')}
        AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    0 AS failed_rows,
    countIf(is_candidate) AS candidates,
    countIf(in_1) AS sessions_of_scenario_1,
    countIf(in_2) AS sessions_of_scenario_2,
    countIf(in_3) AS sessions_of_scenario_3,
    countIf(in_4) AS sessions_of_scenario_4,
    count() AS sessions_checked,
    groupArrayIf(20)(workflow_session_id, is_candidate) AS candidate_ids,
    if(sessions_checked = 0, 'nothing to judge: no session in the window', '') AS skip_reason
FROM judged;
