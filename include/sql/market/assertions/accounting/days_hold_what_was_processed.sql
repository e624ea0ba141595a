-- When this fails, rows of a chunk are missing although the totals agree, or they were filed under another day than the
-- one that they were received on, for example by a time zone.
-- LAYER: typed

-- TEST: days_hold_what_was_processed
WITH
judged AS (
    SELECT dataset, schema_name FROM download_progress
    GROUP BY dataset, schema_name
    HAVING
        NOT bool_or(
            (extract(EPOCH FROM range_end)::bigint - 1) / 86400 > extract(EPOCH FROM range_start)::bigint / 86400
        )
),

rows_of_days AS (
    SELECT dataset, 'trades' AS schema_name, ts_recv_ns AS at_ns FROM trades_data
    UNION ALL
    SELECT dataset, 'tbbo', ts_recv_ns FROM tbbo_data
    UNION ALL
    SELECT dataset, 'statistics', ts_recv_ns FROM statistics_data
    UNION ALL
    SELECT dataset, 'definition', ts_recv_ns FROM definitions_data
    UNION ALL
    SELECT dataset, 'ohlcv-' || granularity, ts_event_ns FROM daily_ohlcv_data
),

stored AS (
    SELECT dataset, schema_name, at_ns / 86400000000000 AS day, count(*) AS records
    FROM rows_of_days
    GROUP BY dataset, schema_name, day
),

compared AS (
    SELECT
        dataset || ' ' || schema_name || ' '
        || to_char(to_timestamp(day * 86400) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS what,
        coalesce(stored.records, 0) NOT BETWEEN coalesce(promised.least, 0) AND coalesce(promised.most, 0) AS differs
    FROM promised_rows AS promised
    FULL JOIN stored USING (dataset, schema_name, day)
    INNER JOIN judged USING (dataset, schema_name)
)

SELECT
    count(*) FILTER (WHERE differs) AS failed_rows,
    count(*) AS days_judged,
    array_agg(what) FILTER (WHERE differs) AS differing,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no chunk of a day or less' ELSE '' END AS skip_reason
FROM compared;

-- MUTATION: a trade is filed under the day before
UPDATE trades_data SET ts_recv_ns = ts_recv_ns - 86400000000000
WHERE (tableoid, ctid) = (
    SELECT tableoid, ctid FROM trades_data ORDER BY ts_recv_ns DESC, tableoid DESC, ctid DESC LIMIT 1
);

-- MUTATION: bars of one day are missing
DELETE FROM daily_ohlcv_data WHERE ts_event = (SELECT max(ts_event) FROM daily_ohlcv_data WHERE granularity = '1d');
