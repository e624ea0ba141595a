-- Sessions without a pipeline: gateways whose streams find no orchestrator, and orchestrators that do not announce what
-- they run.
-- LAYER: sessions
-- Not a check: a session that found no orchestrator has no pipeline, which is not a fault of the pipeline under test.

-- TEST: gold_pipeline_empty_hotspots_diagnostic
WITH hotspots AS (
    SELECT
        gateway,
        orchestrator_address,
        count() AS sessions,
        countIf(pipeline = '') AS blank_sessions
    FROM v_latest_sessions
    WHERE session_start_ts >= {from_ts:DateTime64(3, 'UTC')} AND session_start_ts < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY gateway, orchestrator_address
)

SELECT
    0 AS failed_rows,
    sum(sessions) AS sessions_checked,
    sum(blank_sessions) AS sessions_without_pipeline,
    sumIf(blank_sessions, orchestrator_address != '') AS attributed_sessions_without_pipeline,
    arraySlice(
        arraySort(
            hotspot -> -hotspot.3,
            groupArrayIf((gateway, orchestrator_address, blank_sessions, sessions), blank_sessions > 0)
        ), 1, 20
    ) AS gateway_orchestrator_blank_of_sessions,
    if(count() = 0, 'nothing to judge: no session started in the window', '') AS skip_reason
FROM hotspots;
