-- What was refused, at which stage, and by which rule? The message is that of the first record.

-- QUERY: 02_quarantine_by_rule
SELECT
    dataset,
    schema_name,
    stage,
    rule,
    count(*) AS entries,
    (array_agg(message ORDER BY chunk_identifier, position))[1] AS first_message
FROM quarantined_records
GROUP BY dataset, schema_name, stage, rule
ORDER BY dataset, schema_name, stage, rule;
