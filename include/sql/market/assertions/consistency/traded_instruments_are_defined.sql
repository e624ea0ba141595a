-- When this fails, an instrument was traded and nobody knows its class, tick size or expiration. A request for whole
-- days has a definition of each instrument: a snapshot at midnight, or the one that was sent when it was listed.
-- LAYER: typed

-- TEST: traded_instruments_are_defined
WITH
-- Days of which both trades and definitions were asked for, by the same symbols.
covered AS (
    SELECT
        dataset,
        symbols,
        extract(EPOCH FROM trades.range_start)::bigint * 1000000000 AS start_ns,
        extract(EPOCH FROM trades.range_end)::bigint * 1000000000 AS end_ns
    FROM download_progress AS trades
    INNER JOIN download_progress AS definitions USING (job_id, dataset, symbols)
    WHERE
        trades.schema_name = 'trades'
        AND definitions.schema_name = 'definition'
        AND definitions.range_start <= trades.range_start
        AND trades.range_end <= definitions.range_end
        -- The service had all definitions of the time.
        AND definitions.covered_from_ns <= extract(EPOCH FROM trades.range_start)::bigint * 1000000000
        AND definitions.covered_to_ns >= extract(EPOCH FROM trades.range_end)::bigint * 1000000000
),

traded AS (
    SELECT DISTINCT trades_data.dataset, trades_data.instrument_id, covered.end_ns
    FROM trades_data
    INNER JOIN covered
        ON
            trades_data.dataset = covered.dataset
            AND trades_data.symbol = any(covered.symbols)
            AND trades_data.ts_recv_ns >= covered.start_ns
            AND trades_data.ts_recv_ns < covered.end_ns
),

judged AS (
    SELECT
        dataset,
        instrument_id,
        coalesce(bool_or(definitions_data.ts_recv_ns < traded.end_ns), FALSE) AS is_defined
    FROM traded
    LEFT JOIN definitions_data USING (dataset, instrument_id)
    GROUP BY dataset, instrument_id, traded.end_ns
)

SELECT
    count(*) FILTER (WHERE NOT is_defined) AS failed_rows,
    array_agg(DISTINCT instrument_id) FILTER (WHERE NOT is_defined) AS instruments,
    count(*) AS instruments_and_days,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no trades and definitions of the same symbols' ELSE '' END
        AS skip_reason
FROM judged;

-- MUTATION: an instrument has no definition
DELETE FROM definitions_data WHERE instrument_id = (SELECT min(instrument_id) FROM trades_data);

-- MUTATION: definitions arrive after the day that needs them
UPDATE definitions_data SET ts_recv_ns = ts_recv_ns + 864000000000000;
