-- The tables that any record became a row of. A contract on no other table can have nothing to judge.

-- QUERY: tables_written
SELECT DISTINCT arrayJoin(arrayMap(target -> toString(target), mapKeys(rows_written))) AS target_table
FROM record_dispositions
ORDER BY target_table;
