-- What the program has stored: the five tables.

-- QUERY: daily_ohlcv_data
SELECT * FROM daily_ohlcv_data;

-- QUERY: trades_data
SELECT * FROM trades_data;

-- QUERY: tbbo_data
SELECT * FROM tbbo_data;

-- QUERY: statistics_data
SELECT * FROM statistics_data;

-- QUERY: definitions_data
SELECT * FROM definitions_data;
