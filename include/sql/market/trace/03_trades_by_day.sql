-- How much was traded on each UTC day, as trades and bars tell it? Days are those of receipt.

-- QUERY: 03_trades_by_day
WITH
trades AS (
    SELECT
        symbol,
        instrument_id,
        to_timestamp(ts_recv_ns / 86400000000000 * 86400)::date AS day,
        count(*) AS trades,
        min(price) AS lowest,
        max(price) AS highest,
        sum(size) AS volume
    FROM trades_data
    GROUP BY symbol, instrument_id, day
),

bars AS (
    SELECT symbol, instrument_id, ts_event::date AS day, sum(volume) AS volume FROM daily_ohlcv_data
    WHERE granularity = '1d'
    GROUP BY symbol, instrument_id, day
)

SELECT
    symbol,
    instrument_id,
    day,
    trades.trades,
    trades.lowest,
    trades.highest,
    trades.volume,
    bars.volume AS volume_of_the_day_bar
FROM trades
FULL JOIN bars USING (symbol, instrument_id, day)
ORDER BY symbol, instrument_id, day;
