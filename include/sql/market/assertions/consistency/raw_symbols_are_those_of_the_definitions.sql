-- When this fails, rows stand under a name that the venue gives to another instrument. Where raw symbols are asked for,
-- the symbol of a row is the raw symbol of its instrument.
-- LAYER: typed

-- TEST: raw_symbols_are_those_of_the_definitions
WITH
raw AS (
    SELECT DISTINCT dataset, asked.symbol
    FROM download_progress
    CROSS JOIN unnest(symbols) AS asked (symbol)
    WHERE split_part(chunk_identifier, '/', 3) ~ '^raw_symbol:'
),

used AS (
    SELECT dataset, symbol, instrument_id, ts_recv_ns / 86400000000000 AS day FROM trades_data
    UNION
    SELECT dataset, symbol, instrument_id, ts_event_ns / 86400000000000 FROM daily_ohlcv_data
    UNION
    SELECT dataset, symbol, instrument_id, ts_recv_ns / 86400000000000 FROM definitions_data
),

-- Names and ids are used again on other days.
named AS (
    SELECT DISTINCT dataset, instrument_id, ts_recv_ns / 86400000000000 AS day, raw_symbol FROM definitions_data
)

SELECT
    count(*) FILTER (WHERE used.symbol <> named.raw_symbol) AS failed_rows,
    min(used.symbol || ' is ' || named.raw_symbol) FILTER (WHERE used.symbol <> named.raw_symbol) AS example,
    count(*) AS symbols_and_days,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no raw symbols with definitions of the same day' ELSE '' END
        AS skip_reason
FROM used
INNER JOIN raw USING (dataset, symbol)
INNER JOIN named USING (dataset, instrument_id, day);

-- MUTATION: two instruments are mixed up
UPDATE definitions_data SET raw_symbol = raw_symbol || 'X' WHERE symbol = raw_symbol;
