-- In which hours did the market trade? An hour without a bar had no trade, or its chunk was never loaded.
-- PROFILE: hour

-- QUERY: 04_trades_by_hour
SELECT
    to_timestamp(ts_event_ns / 3600000000000 * 3600) AS hour,
    count(*) AS trades,
    sum(size)::float8 AS volume,
    count(DISTINCT symbol) AS symbols
FROM trades_data
GROUP BY hour
ORDER BY hour;
