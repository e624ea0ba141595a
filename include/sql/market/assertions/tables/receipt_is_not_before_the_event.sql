-- When this fails, an event is later than its receipt by more than clocks differ: a wrong unit or a swapped column.
-- LAYER: typed

-- TEST: receipt_is_not_before_the_event
WITH times AS (
    SELECT ts_event_ns, ts_recv_ns FROM trades_data
    UNION ALL
    SELECT ts_event_ns, ts_recv_ns FROM tbbo_data
    UNION ALL
    SELECT ts_event_ns, ts_recv_ns FROM statistics_data
    UNION ALL
    SELECT ts_event_ns, ts_recv_ns FROM definitions_data
)

SELECT
    count(*) FILTER (WHERE ts_event_ns > ts_recv_ns + 60000000000) AS failed_rows,
    count(*) AS rows_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no rows were loaded' ELSE '' END AS skip_reason
FROM times;

-- MUTATION: a receipt of the day before
UPDATE tbbo_data SET ts_recv_ns = ts_recv_ns - 86400000000000
WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM tbbo_data ORDER BY tableoid, ctid LIMIT 1);
