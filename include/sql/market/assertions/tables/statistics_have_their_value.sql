-- When this fails, a statistic says nothing: a volume or open interest has no quantity, or a price statistic no price.
-- LAYER: typed

-- TEST: statistics_have_their_value
SELECT
    count(*) FILTER (WHERE CASE
        WHEN stat_type IN (6, 9) THEN quantity IS NULL
        WHEN stat_type IN (1, 2, 3, 4, 5, 7, 8, 10, 11, 13) THEN price IS NULL
        ELSE price IS NULL AND quantity IS NULL
    END) AS failed_rows,
    count(*) AS statistics_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no statistics were loaded' ELSE '' END AS skip_reason
FROM statistics_data
WHERE update_action <> 2;

-- MUTATION: an open interest loses its quantity
UPDATE statistics_data SET quantity = NULL WHERE stat_type = 9;

-- MUTATION: a settlement loses its price
UPDATE statistics_data SET price = NULL WHERE stat_type = 3;
