-- When this fails, a trade has no quote or a quote no trade. Both are the same records, with and without the book.
-- LAYER: typed

-- TEST: quotes_equal_the_trades
WITH
covered AS (
    SELECT dataset FROM trades_data
    INTERSECT
    SELECT dataset FROM tbbo_data
),

trades AS (
    SELECT
        publisher_id,
        instrument_id,
        ts_event_ns,
        ts_recv_ns,
        ts_in_delta,
        sequence,
        ordinal,
        symbol,
        price,
        size,
        side,
        flags
    FROM trades_data
    WHERE dataset IN (SELECT dataset FROM covered)
),

quotes AS (
    SELECT
        publisher_id,
        instrument_id,
        ts_event_ns,
        ts_recv_ns,
        ts_in_delta,
        sequence,
        ordinal,
        symbol,
        price,
        size,
        side,
        flags
    FROM tbbo_data
    WHERE dataset IN (SELECT dataset FROM covered)
),

differing AS (
    (
        SELECT * FROM trades
        EXCEPT
        SELECT * FROM quotes
    )
    UNION ALL
    (
        SELECT * FROM quotes
        EXCEPT
        SELECT * FROM trades
    )
)

SELECT
    (SELECT count(*) FROM differing) AS failed_rows,
    count(*) AS quotes_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no data set has both trades and quotes' ELSE '' END AS skip_reason
FROM quotes;

-- MUTATION: a quote is missing
DELETE FROM tbbo_data WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM tbbo_data ORDER BY tableoid, ctid LIMIT 1);

-- MUTATION: the sides are mixed up
UPDATE tbbo_data SET side = CASE side WHEN 'A' THEN 'B' WHEN 'B' THEN 'A' ELSE side END;
