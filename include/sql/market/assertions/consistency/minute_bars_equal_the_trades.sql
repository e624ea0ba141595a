-- When this fails, bars and trades of the same market tell different stories: records were lost, doubled or put into
-- the wrong interval. Bars are cut by the time of receipt; an interval without a trade has none.
-- LAYER: typed

-- TEST: minute_bars_equal_the_trades
WITH
covered AS (
    SELECT dataset FROM trades_data
    INTERSECT
    SELECT dataset FROM daily_ohlcv_data WHERE granularity = '1m'
),

recomputed AS (
    SELECT
        publisher_id,
        instrument_id,
        ts_recv_ns / 60000000000 * 60000000000 AS begins_ns,
        (array_agg(price ORDER BY ts_recv_ns, sequence, ordinal))[1] AS open_price,
        max(price) AS high_price,
        min(price) AS low_price,
        (array_agg(price ORDER BY ts_recv_ns DESC, sequence DESC, ordinal DESC))[1] AS close_price,
        sum(size) AS volume
    FROM trades_data
    WHERE dataset IN (SELECT dataset FROM covered)
    GROUP BY publisher_id, instrument_id, begins_ns
),

stored AS (
    SELECT
        publisher_id,
        instrument_id,
        ts_event_ns AS begins_ns,
        open_price,
        high_price,
        low_price,
        close_price,
        volume
    FROM daily_ohlcv_data
    WHERE granularity = '1m' AND dataset IN (SELECT dataset FROM covered)
),

differing AS (
    (
        SELECT * FROM recomputed
        EXCEPT
        SELECT * FROM stored
    )
    UNION ALL
    (
        SELECT * FROM stored
        EXCEPT
        SELECT * FROM recomputed
    )
)

SELECT
    (SELECT count(*) FROM differing) AS failed_rows,
    (SELECT array_agg(DISTINCT instrument_id) FROM differing) AS instruments,
    count(*) AS bars,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no data set has both trades and these bars' ELSE '' END
        AS skip_reason
FROM stored;

-- MUTATION: a twin trade is taken for a repetition
DELETE FROM trades_data WHERE ordinal > 0;

-- MUTATION: a trade is stored with another price
UPDATE trades_data SET price = price + 0.01
WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM trades_data ORDER BY price DESC, ctid DESC LIMIT 1);

-- MUTATION: a bar is missing
DELETE FROM daily_ohlcv_data
WHERE
    (tableoid, ctid)
    = (SELECT tableoid, ctid FROM daily_ohlcv_data WHERE granularity = '1m' ORDER BY tableoid, ctid LIMIT 1);
