-- SECTION: Schema sanity
-- Which columns do the tables of market data have now? A table that is missing has no row here.

-- QUERY: 01_columns
SELECT
    table_name::text AS object_name,
    count(*) AS columns_found,
    string_agg(column_name::text, ', ' ORDER BY ordinal_position) AS names
FROM information_schema.columns
WHERE
    table_schema = current_schema()
    AND table_name IN (
        'daily_ohlcv_data', 'trades_data', 'tbbo_data', 'statistics_data', 'definitions_data', 'download_progress',
        'quarantined_records'
    )
GROUP BY table_name
ORDER BY table_name;
