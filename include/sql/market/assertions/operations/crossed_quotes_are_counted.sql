-- When this fails, nobody is told of crossed books: they are legal before a market opens and are stored, but the
-- pipeline has to count them, since many of them mean that bid and ask were swapped.
-- LAYER: typed

-- TEST: crossed_quotes_are_counted
WITH
runs AS (
    SELECT
        row_number() OVER (ORDER BY line_number) AS run_number,
        (substring(text FROM 'Figures: (\{.*\})$')::jsonb ->> 'crossed')::bigint AS logged
    FROM service_log_lines
    WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: \{.*\}$'
),

stored AS (
    SELECT count(*) FILTER (WHERE bid_price > ask_price) AS crossed FROM tbbo_data
)

SELECT
    CASE WHEN coalesce(min(runs.logged) = min(stored.crossed), FALSE) THEN 0 ELSE 1 END AS failed_rows,
    min(runs.logged) AS crossed_as_logged,
    min(stored.crossed) AS crossed_as_stored,
    CASE
        WHEN NOT EXISTS (SELECT * FROM service_log_lines WHERE service = 'processor' AND level = 'READ')
            THEN 'nothing to judge: no log of a pipeline that this run started'
        WHEN NOT EXISTS (SELECT * FROM tbbo_data) THEN 'nothing to judge: no quotes were loaded'
        ELSE ''
    END AS skip_reason
FROM stored
LEFT JOIN runs ON runs.run_number = 1;

-- MUTATION: bid and ask are swapped
UPDATE tbbo_data SET bid_price = ask_price, ask_price = bid_price;

-- MUTATION: the pipeline counts wrongly
UPDATE service_log_lines SET text = regexp_replace(text, '"crossed": ', '"crossed": 1')
WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: ';
