-- When this fails, prices are stored as binary fractions, or with fewer digits than the nine that the service sends:
-- sums and comparisons are off by the last digit. Times are integers of nanoseconds for the same reason.
-- LAYER: typed

-- TEST: prices_are_exact_numbers
WITH columns AS (
    SELECT
        class.relname || '.' || attribute.attname AS name,
        format_type(attribute.atttypid, attribute.atttypmod) AS type,
        CASE WHEN attribute.attname LIKE '%\_ns' THEN 'bigint' ELSE 'numeric(20,9)' END AS wanted
    FROM pg_attribute AS attribute
    INNER JOIN pg_class AS class ON attribute.attrelid = class.oid
    INNER JOIN pg_namespace AS namespace ON class.relnamespace = namespace.oid
    WHERE
        namespace.nspname = current_schema()
        AND class.relname IN ('daily_ohlcv_data', 'trades_data', 'tbbo_data', 'statistics_data', 'definitions_data')
        AND attribute.attnum > 0
        AND NOT attribute.attisdropped
        AND (attribute.attname LIKE '%price%' OR attribute.attname LIKE '%\_ns')
)

SELECT
    count(*) FILTER (WHERE type <> wanted) AS failed_rows,
    array_agg(name || ' ' || type) FILTER (WHERE type <> wanted) AS other_types,
    count(*) AS columns_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: there are no tables' ELSE '' END AS skip_reason
FROM columns;

-- MUTATION: prices are floats
ALTER TABLE trades_data ALTER COLUMN price TYPE double precision;

-- MUTATION: bars have cents
ALTER TABLE daily_ohlcv_data ALTER COLUMN close_price TYPE numeric(12, 2);
