-- When this fails, a click is counted twice: the consumer read it again after a restart.
-- LAYER: raw

-- TEST: clicks_are_unique
SELECT
    count() AS failed_rows,
    groupArray(20)(id) AS first_ids
FROM (
    SELECT id
    FROM clicks
    GROUP BY id
    HAVING count() > 1
);

-- MUTATION: one click is written again
-- ALSO FAILS: page_sums_equal_clicks
INSERT INTO clicks SELECT * FROM clicks LIMIT 1;
