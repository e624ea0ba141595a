-- QUERY: clicks
SELECT *
FROM clicks;

-- The table's rows as a merge would leave them.
-- QUERY: clicks_per_page
SELECT hour, page, sum(amount) AS amount
FROM clicks_per_page
GROUP BY hour, page;
