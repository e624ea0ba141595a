-- SECTION: Bronze to gold audit
-- Do the tables hold what the loaded chunks promise, day by day? Days are those of receipt, in UTC. `stored` below
-- `least` means lost rows, above `most` rows that no chunk explains. Bars are counted by the time of the bar.

-- QUERY: 02_promised_and_stored
WITH stored AS (
    SELECT dataset, 'trades' AS schema_name, ts_recv_ns / 86400000000000 AS day, count(*) AS found FROM trades_data
    GROUP BY dataset, day
    UNION ALL
    SELECT dataset, 'tbbo', ts_recv_ns / 86400000000000 AS day, count(*) FROM tbbo_data
    GROUP BY dataset, day
    UNION ALL
    SELECT dataset, 'statistics', ts_recv_ns / 86400000000000 AS day, count(*) FROM statistics_data
    GROUP BY dataset, day
    UNION ALL
    SELECT dataset, 'definition', ts_recv_ns / 86400000000000 AS day, count(*) FROM definitions_data
    GROUP BY dataset, day
    UNION ALL
    SELECT dataset, 'ohlcv-' || granularity, ts_event_ns / 86400000000000 AS day, count(*) FROM daily_ohlcv_data
    GROUP BY dataset, granularity, day
)

SELECT
    dataset,
    schema_name,
    to_timestamp(day * 86400)::date AS day_utc,
    coalesce(promised_rows.least, 0) AS least,
    coalesce(promised_rows.most, 0) AS most,
    coalesce(stored.found, 0) AS stored
FROM promised_rows
FULL JOIN stored USING (dataset, schema_name, day)
ORDER BY dataset, schema_name, day_utc;
