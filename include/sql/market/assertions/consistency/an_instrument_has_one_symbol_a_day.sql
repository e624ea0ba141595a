-- When this fails, records were filed under a symbol that their instrument does not have on that day. A continuous
-- symbol rolls at midnight UTC, and the day of receipt decides. Each schema may be asked for by other symbols.
-- LAYER: typed

-- TEST: an_instrument_has_one_symbol_a_day
WITH
used AS (
    SELECT 'trades' AS source, dataset, instrument_id, ts_recv_ns / 86400000000000 AS day, symbol FROM trades_data
    UNION
    SELECT 'tbbo', dataset, instrument_id, ts_recv_ns / 86400000000000, symbol FROM tbbo_data
    UNION
    SELECT 'statistics', dataset, instrument_id, ts_recv_ns / 86400000000000, symbol FROM statistics_data
    UNION
    SELECT 'definitions', dataset, instrument_id, ts_recv_ns / 86400000000000, symbol FROM definitions_data
    UNION
    SELECT granularity, dataset, instrument_id, ts_event_ns / 86400000000000, symbol FROM daily_ohlcv_data
),

days AS (
    SELECT source, dataset, instrument_id, day, array_agg(symbol ORDER BY symbol) AS symbols FROM used
    GROUP BY source, dataset, instrument_id, day
)

SELECT
    count(*) FILTER (WHERE cardinality(symbols) > 1) AS failed_rows,
    min(symbols::text) FILTER (WHERE cardinality(symbols) > 1) AS example,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no rows were loaded' ELSE '' END AS skip_reason
FROM days;

-- MUTATION: a trade gets the symbol of another instrument
UPDATE trades_data SET symbol = 'WRONG'
WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM trades_data ORDER BY tableoid, ctid LIMIT 1);
