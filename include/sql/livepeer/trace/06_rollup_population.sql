-- Were the facts rolled up? Minutes are counted as physical rows, not merged. The hours of agg_reliability_1h are
-- computed from the newest sessions. The window is widened to whole minutes and hours. If there are samples but no
-- minutes, the materialized view is missing.

-- QUERY: 06_rollup_population
WITH objects AS (
    SELECT
        'agg_reliability_1h' AS object_name,
        count() AS rows_window
    FROM agg_reliability_1h
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'agg_stream_performance_1m' AS object_name,
        count() AS rows_window
    FROM agg_stream_performance_1m
    WHERE
        window_start >= dateTrunc('minute', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    object_name,
    rows_window
FROM objects
ORDER BY object_name;
