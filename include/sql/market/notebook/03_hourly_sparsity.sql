-- SECTION: Contract coverage and sparsity
-- How dense are the trades by hour of receipt? An hour without trades on a trading day is a gap of the source or of the
-- download; the chunks in download_progress say which.
-- BARS: trades, volume

-- QUERY: 03_hourly_sparsity
SELECT
    to_timestamp(ts_recv_ns / 3600000000000 * 3600) AT TIME ZONE 'UTC' AS hour_utc,
    count(*) AS trades,
    count(DISTINCT instrument_id) AS instruments,
    sum(size)::bigint AS volume
FROM trades_data
GROUP BY hour_utc
ORDER BY hour_utc;
