-- When this fails, a bar contradicts itself: its high is below its low, or its open or close lies outside of both.
-- LAYER: typed

-- TEST: bars_are_ordered
SELECT
    count(*) FILTER (
        WHERE low_price > least(open_price, close_price) OR high_price < greatest(open_price, close_price)
    ) AS failed_rows,
    count(*) AS bars,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no bars were loaded' ELSE '' END AS skip_reason
FROM daily_ohlcv_data;

-- MUTATION: a high below its low
UPDATE daily_ohlcv_data SET high_price = low_price - 1
WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM daily_ohlcv_data ORDER BY tableoid, ctid LIMIT 1);
