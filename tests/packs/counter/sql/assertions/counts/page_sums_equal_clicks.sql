-- When this fails, the sums that readers see are not those of the clicks.
-- LAYER: rollups

-- TEST: page_sums_equal_clicks
WITH
counted AS (
    SELECT
        toStartOfHour(toDateTime(clicked_at, 'UTC')) AS hour_of_click,
        page AS page_of_click,
        toInt64(sum(amount)) AS difference
    FROM clicks
    GROUP BY hour_of_click, page_of_click
    UNION ALL
    SELECT
        hour AS hour_of_click,
        page AS page_of_click,
        -toInt64(sum(amount)) AS difference
    FROM clicks_per_page
    GROUP BY hour_of_click, page_of_click
),

by_page AS (
    SELECT
        hour_of_click,
        page_of_click,
        sum(difference) AS missing
    FROM counted
    GROUP BY hour_of_click, page_of_click
)

SELECT
    countIf(missing != 0) AS failed_rows,
    groupArrayIf(20)((hour_of_click, page_of_click, missing), missing != 0) AS first_differences
FROM by_page;

-- MUTATION: one sum is too large
ALTER TABLE clicks_per_page UPDATE amount = amount + 1 WHERE page IN (SELECT min(page) FROM clicks_per_page);
