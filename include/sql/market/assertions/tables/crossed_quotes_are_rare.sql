-- When this fails, bid and ask were swapped, or the book is not the one of the trade. Before a market opens, a crossed
-- book is legal, so two of a hundred, and two in all, are no error. A book with an empty side cannot be crossed.
-- LAYER: typed

-- TEST: crossed_quotes_are_rare
SELECT
    CASE
        WHEN count(*) FILTER (WHERE bid_price > ask_price) > greatest(2, count(*) / 50)
            THEN count(*) FILTER (WHERE bid_price > ask_price)
        ELSE 0
    END AS failed_rows,
    count(*) AS quotes_with_both_sides,
    count(*) FILTER (WHERE bid_price > ask_price) AS crossed,
    count(*) FILTER (WHERE bid_price = ask_price) AS locked,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no quote has both sides' ELSE '' END AS skip_reason
FROM tbbo_data
WHERE bid_price IS NOT NULL AND ask_price IS NOT NULL;

-- MUTATION: bid and ask are swapped
UPDATE tbbo_data SET bid_price = ask_price, ask_price = bid_price;
