-- When this fails, a symbol was asked for, the service sent nothing of it, and nobody was told. A symbol that the
-- service does not know is quarantined; one that it knows has at least its definition.
-- LAYER: raw

-- TEST: requested_symbols_are_known
WITH
requested AS (
    SELECT DISTINCT dataset, asked.symbol
    FROM download_progress
    CROSS JOIN unnest(symbols) AS asked (symbol)
    -- Of these, each symbol that is asked for is one that is stored.
    WHERE
        schema_name = 'definition'
        AND split_part(chunk_identifier, '/', 3) ~ '^(continuous|raw_symbol):'
        -- The service had all definitions of the time.
        AND covered_from_ns <= extract(EPOCH FROM range_start)::bigint * 1000000000
        AND covered_to_ns >= extract(EPOCH FROM range_end)::bigint * 1000000000
),

known AS (
    SELECT dataset, symbol FROM definitions_data
    UNION
    SELECT dataset, symbol FROM quarantined_records
    WHERE rule = 'unresolved_symbol'
)

SELECT
    count(*) FILTER (WHERE known.symbol IS NULL) AS failed_rows,
    array_agg(requested.dataset || ' ' || requested.symbol) FILTER (WHERE known.symbol IS NULL) AS unknown_symbols,
    count(*) AS symbols_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no definitions were asked for by symbol' ELSE '' END AS skip_reason
FROM requested
LEFT JOIN known USING (dataset, symbol);

-- MUTATION: a symbol that the service does not know is passed over
UPDATE download_progress SET symbols = array_append(symbols, 'NOSUCH') WHERE schema_name = 'definition';

-- MUTATION: the definitions of a symbol are lost
DELETE FROM definitions_data WHERE symbol = (SELECT min(symbol) FROM definitions_data);
