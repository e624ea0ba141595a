-- When this fails, a record that the fixture set plants did not end where it belongs: a wrong one was stored, or
-- refused at another stage or by another rule; or one that only looks wrong (a price below zero of crude oil, a trade
-- without a side or a book, a twin) was refused. The set says of every record where it belongs.
-- LAYER: raw

-- TEST: records_end_where_the_set_says
WITH
expected AS (
    SELECT
        event_type AS schema_name,
        floor(extract(EPOCH FROM event_timestamp) * 1000)::bigint AS at_ms,
        expected_class AS stage,
        expected_reason AS rule
    FROM replay_ledger
    WHERE expected_disposition = 'quarantine'
),

-- A record's time is that of its receipt; bars have their beginning only.
found AS (
    SELECT schema_name, div(coalesce(ts_recv_ns, ts_event_ns), 1000000)::bigint AS at_ms, stage, rule
    FROM quarantined_records
    WHERE position >= 0
),

differing AS (
    (
        SELECT 'not refused so' AS what, expected.* FROM expected
        EXCEPT ALL
        SELECT 'not refused so', found.* FROM found
    )
    UNION ALL
    (
        SELECT 'refused' AS what, found.* FROM found
        EXCEPT ALL
        SELECT 'refused', expected.* FROM expected
    )
)

SELECT
    (SELECT count(*) FROM differing) AS failed_rows,
    (
        SELECT (array_agg(what || ': ' || schema_name || ' ' || at_ms || ' ' || stage || ' ' || rule))[:20]
        FROM differing
    ) AS records,
    count(*) AS records_judged,
    count(*) FILTER (WHERE expected_disposition = 'quarantine') AS records_to_refuse,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: the set says of no record where it belongs' ELSE '' END
        AS skip_reason
FROM replay_ledger
WHERE expected_disposition <> '';

-- MUTATION: a record is refused that belongs into its table
INSERT INTO quarantined_records (
    chunk_identifier, position, job_id, dataset, schema_name, stage, rule, message, ts_recv_ns, record
)
SELECT
    'again',
    0,
    'x',
    'x',
    'trades',
    'validation',
    'price_sign',
    'x',
    ts_recv_ns,
    '{"x": 1}'
FROM trades_data
ORDER BY ts_recv_ns
LIMIT 1;

-- MUTATION: a record is stored that has to be refused
UPDATE replay_ledger SET
    expected_disposition = 'quarantine', expected_class = 'validation', expected_reason = 'price_sign'
WHERE sequence = (SELECT min(sequence) FROM replay_ledger WHERE event_type = 'trades');
