-- Whether the demand rows of the models add up to the demand of their pipeline. Counts of sessions do. Distinct counts
-- of streams and sessions need not: a session with two models counts in two rows.
-- LAYER: views
-- Not a check: what has to be equal is judged by network_demand_view_matches_rollup; distinct counts do not add up.

-- TEST: network_demand_model_split_conservation
WITH
sides AS (
    SELECT
        window_start AS hour,
        gateway,
        region AS place,
        pipeline,
        1 AS is_view,
        toInt64(known_sessions) AS known,
        toInt64(unexcused_sessions) AS unexcused,
        toInt64(swapped_sessions) AS swapped,
        toInt64(total_sessions) AS seen
    FROM v_api_network_demand
    UNION ALL
    SELECT
        dateTrunc('hour', session_start_ts) AS hour,
        gateway,
        ifNull(region, '') AS place,
        pipeline,
        0 AS is_view,
        toInt64(countIf(known_stream)) AS known,
        toInt64(countIf(startup_unexcused)) AS unexcused,
        toInt64(countIf(confirmed_swap_count > 0 OR inferred_orchestrator_change_count > 0)) AS swapped,
        0 AS seen
    FROM v_latest_sessions
    GROUP BY hour, gateway, place, pipeline
    UNION ALL
    SELECT
        dateTrunc('hour', window_start) AS hour,
        gateway,
        region AS place,
        pipeline,
        0 AS is_view,
        0 AS known,
        0 AS unexcused,
        0 AS swapped,
        toInt64(uniqExactMerge(sessions_uniq_state)) AS seen
    FROM agg_stream_performance_1m
    GROUP BY hour, gateway, place, pipeline
),

by_key AS (
    SELECT
        hour,
        gateway,
        place,
        pipeline,
        sumIf(known, is_view) AS known_of_models,
        abs(known_of_models - sumIf(known, NOT is_view)) AS known_diff,
        abs(sumIf(unexcused, is_view) - sumIf(unexcused, NOT is_view)) AS unexcused_diff,
        abs(sumIf(swapped, is_view) - sumIf(swapped, NOT is_view)) AS swapped_diff,
        sumIf(seen, is_view) - sumIf(seen, NOT is_view) AS counted_more_than_once
    FROM sides
    WHERE hour >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')}) AND hour < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY hour, gateway, place, pipeline
)

SELECT
    0 AS failed_rows,
    count() AS pipeline_keys,
    countIf(known_diff + unexcused_diff + swapped_diff > 0) AS keys_that_do_not_add_up,
    sum(known_diff) AS total_diff_known_sessions,
    sum(unexcused_diff) AS total_diff_unexcused_sessions,
    sum(swapped_diff) AS total_diff_swapped_sessions,
    sumIf(counted_more_than_once, counted_more_than_once > 0) AS sessions_seen_under_several_models,
    if(count() = 0, 'nothing to judge: no demand row, no session and no minute in the window', '') AS skip_reason
FROM by_key;
