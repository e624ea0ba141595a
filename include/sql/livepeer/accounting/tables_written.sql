-- The tables into which at least one record was written. A contract on a table that is not listed may be skipped,
-- because the table has no rows.

-- QUERY: tables_written
SELECT DISTINCT arrayJoin(arrayMap(target -> toString(target), mapKeys(rows_written))) AS target_table
FROM record_dispositions
ORDER BY target_table;
