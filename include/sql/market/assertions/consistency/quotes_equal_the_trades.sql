-- When this fails, a trade has no quote or a quote no trade. Both are the same records, with and without the book. They
-- are compared in the time of which the service had all records of both.
-- LAYER: typed

-- TEST: quotes_equal_the_trades
WITH
covers AS (
    SELECT
        dataset,
        symbol,
        range_agg(int8range(covered_from_ns, covered_to_ns)) FILTER (WHERE schema_name = 'trades')
        * range_agg(int8range(covered_from_ns, covered_to_ns)) FILTER (WHERE schema_name = 'tbbo') AS both_covered
    FROM download_progress
    CROSS JOIN unnest(symbols) AS symbol
    GROUP BY dataset, symbol
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
    INNER JOIN covers USING (dataset, symbol)
    WHERE covers.both_covered @> ts_recv_ns
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
    INNER JOIN covers USING (dataset, symbol)
    WHERE covers.both_covered @> ts_recv_ns
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
    CASE WHEN count(*) = 0 THEN 'nothing to judge: there is no time with all trades and all quotes' ELSE '' END
        AS skip_reason
FROM quotes;

-- MUTATION: a quote is missing
DELETE FROM tbbo_data WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM tbbo_data ORDER BY tableoid, ctid LIMIT 1);

-- MUTATION: the sides are mixed up
UPDATE tbbo_data SET side = CASE side WHEN 'A' THEN 'B' WHEN 'B' THEN 'A' ELSE side END;
