-- When this fails, bars and trades of the same market tell different stories: records were lost, doubled or put into
-- the wrong interval. Bars are cut by the time of receipt; an interval without a trade has none. An interval is judged
-- when the service had all of its trades; where the trades have a bar too many, it had all bars of its beginning, too.
-- LAYER: typed

-- TEST: day_bars_equal_the_trades
WITH
covers AS (
    SELECT
        dataset,
        symbol,
        range_agg(int8range(covered_from_ns, covered_to_ns)) FILTER (WHERE schema_name = 'trades') AS trades,
        range_agg(int8range(covered_from_ns, covered_to_ns)) FILTER (WHERE schema_name = 'ohlcv-1d') AS bars
    FROM download_progress
    CROSS JOIN unnest(symbols) AS symbol
    GROUP BY dataset, symbol
),

recomputed AS (
    SELECT
        dataset,
        symbol,
        publisher_id,
        instrument_id,
        ts_recv_ns / 86400000000000 * 86400000000000 AS begins_ns,
        (array_agg(price ORDER BY ts_recv_ns, sequence, ordinal))[1] AS open_price,
        max(price) AS high_price,
        min(price) AS low_price,
        (array_agg(price ORDER BY ts_recv_ns DESC, sequence DESC, ordinal DESC))[1] AS close_price,
        sum(size) AS volume
    FROM trades_data
    GROUP BY dataset, symbol, publisher_id, instrument_id, begins_ns
),

stored AS (
    SELECT
        dataset,
        symbol,
        publisher_id,
        instrument_id,
        ts_event_ns AS begins_ns,
        open_price,
        high_price,
        low_price,
        close_price,
        volume
    FROM daily_ohlcv_data
    WHERE granularity = '1d'
),

judged AS (
    SELECT
        instrument_id,
        (
            recomputed.open_price = stored.open_price
            AND recomputed.high_price = stored.high_price
            AND recomputed.low_price = stored.low_price
            AND recomputed.close_price = stored.close_price
            AND recomputed.volume = stored.volume
        ) IS NOT TRUE AS differs
    FROM recomputed
    FULL JOIN stored USING (dataset, symbol, publisher_id, instrument_id, begins_ns)
    INNER JOIN covers USING (dataset, symbol)
    WHERE
        covers.trades @> int8range(begins_ns, begins_ns + 86400000000000)
        AND (stored.volume IS NOT NULL OR covers.bars @> begins_ns)
)

SELECT
    count(*) FILTER (WHERE differs) AS failed_rows,
    array_agg(DISTINCT instrument_id) FILTER (WHERE differs) AS instruments,
    count(*) AS bars,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no interval has both all of its trades and a bar' ELSE '' END
        AS skip_reason
FROM judged;

-- MUTATION: a twin trade is taken for a repetition
DELETE FROM trades_data WHERE ordinal > 0;

-- MUTATION: a trade is stored with another price
UPDATE trades_data SET price = price + 0.01
WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM trades_data ORDER BY price DESC, ctid DESC LIMIT 1);

-- MUTATION: a bar is missing
DELETE FROM daily_ohlcv_data
WHERE
    (tableoid, ctid)
    = (SELECT tableoid, ctid FROM daily_ohlcv_data WHERE granularity = '1d' ORDER BY tableoid, ctid LIMIT 1);
