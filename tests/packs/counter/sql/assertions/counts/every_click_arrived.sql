-- When this fails, clicks that were published are nowhere: pages look less visited than they are.
-- LAYER: raw

-- TEST: every_click_arrived
SELECT
    abs(toInt64({published_records:UInt64}) - toInt64(uniqExact(id))) AS failed_rows,
    {published_records:UInt64} AS published,
    uniqExact(id) AS arrived
FROM clicks;

-- MUTATION: one click is lost
-- ALSO FAILS: page_sums_equal_clicks
DELETE FROM clicks WHERE id IN (SELECT min(id) FROM clicks);
