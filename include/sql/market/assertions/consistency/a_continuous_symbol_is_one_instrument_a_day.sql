-- When this fails, a continuous symbol stands for two contracts on one day: trades of the old and the new contract are
-- mixed, and prices jump. It rolls at midnight UTC.
-- LAYER: typed

-- TEST: a_continuous_symbol_is_one_instrument_a_day
WITH
continuous AS (
    SELECT DISTINCT dataset, asked.symbol
    FROM download_progress
    CROSS JOIN unnest(symbols) AS asked (symbol)
    WHERE split_part(chunk_identifier, '/', 3) ~ '^continuous:'
),

used AS (
    SELECT dataset, symbol, instrument_id, ts_recv_ns / 86400000000000 AS day FROM trades_data
    UNION
    SELECT dataset, symbol, instrument_id, ts_recv_ns / 86400000000000 FROM tbbo_data
    UNION
    SELECT dataset, symbol, instrument_id, ts_recv_ns / 86400000000000 FROM statistics_data
    UNION
    SELECT dataset, symbol, instrument_id, ts_event_ns / 86400000000000 FROM daily_ohlcv_data
),

days AS (
    SELECT dataset, symbol, day, count(DISTINCT instrument_id) AS instruments
    FROM used
    INNER JOIN continuous USING (dataset, symbol)
    GROUP BY dataset, symbol, day
)

SELECT
    count(*) FILTER (WHERE instruments > 1) AS failed_rows,
    min(symbol) FILTER (WHERE instruments > 1) AS example,
    count(*) AS symbols_and_days,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no rows of a continuous symbol' ELSE '' END AS skip_reason
FROM days;

-- MUTATION: a trade of the next contract comes before the roll
UPDATE trades_data SET instrument_id = instrument_id + 1
WHERE (tableoid, ctid) = (
    SELECT tableoid, ctid FROM trades_data
    WHERE symbol LIKE '%.c.0'
    ORDER BY tableoid, ctid
    LIMIT 1
);
