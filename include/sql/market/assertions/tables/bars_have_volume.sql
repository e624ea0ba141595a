-- When this fails, there is a bar of an interval without a trade. The service has none: no trade, no bar.
-- LAYER: typed

-- TEST: bars_have_volume
SELECT
    count(*) FILTER (WHERE volume <= 0) AS failed_rows,
    count(*) AS bars,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no bars were loaded' ELSE '' END AS skip_reason
FROM daily_ohlcv_data;

-- MUTATION: a bar loses its volume
UPDATE daily_ohlcv_data SET volume = 0
WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM daily_ohlcv_data ORDER BY tableoid, ctid LIMIT 1);
