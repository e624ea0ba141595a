-- When this fails, a stock or an option was traded at or below zero. A future or a spread may be: crude oil was.
-- LAYER: typed

-- TEST: prices_fit_the_instrument_class
WITH
classes AS (
    SELECT DISTINCT ON (dataset, instrument_id)
        dataset,
        instrument_id,
        instrument_class
    FROM definitions_data
    ORDER BY dataset ASC, instrument_id ASC, ts_recv_ns DESC, ordinal DESC
),

prices AS (
    SELECT dataset, instrument_id, price FROM trades_data
    UNION ALL
    SELECT dataset, instrument_id, low_price FROM daily_ohlcv_data
)

SELECT
    count(*) FILTER (WHERE prices.price <= 0) AS failed_rows,
    count(*) AS prices_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no price of a stock, option or bond' ELSE '' END AS skip_reason
FROM prices
INNER JOIN classes USING (dataset, instrument_id)
WHERE classes.instrument_class IN ('K', 'C', 'P', 'B');

-- MUTATION: a stock is traded below zero
UPDATE trades_data SET price = -10 WHERE (tableoid, ctid) = (
    SELECT trades_data.tableoid, trades_data.ctid FROM trades_data
    INNER JOIN definitions_data USING (dataset, instrument_id)
    WHERE definitions_data.instrument_class = 'K'
    ORDER BY trades_data.tableoid, trades_data.ctid
    LIMIT 1
);
