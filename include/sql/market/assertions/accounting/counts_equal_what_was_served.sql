-- When this fails, records of a schema were served and are neither stored nor quarantined, or there are more than were
-- served. What was served is counted by the run, not by the pipeline.
-- LAYER: typed

-- TEST: counts_equal_what_was_served
WITH
served AS (
    SELECT event_type AS schema_name, count(*) AS records FROM replay_ledger
    GROUP BY event_type
),

places AS (
    SELECT 'trades' AS schema_name, count(*) AS records FROM trades_data
    UNION ALL
    SELECT 'tbbo', count(*) FROM tbbo_data
    UNION ALL
    SELECT 'statistics', count(*) FROM statistics_data
    UNION ALL
    SELECT 'definition', count(*) FROM definitions_data
    UNION ALL
    SELECT 'ohlcv-' || granularity, count(*) FROM daily_ohlcv_data
    GROUP BY granularity
    UNION ALL
    SELECT schema_name, count(*) FROM quarantined_records
    WHERE position >= 0
    GROUP BY schema_name
),

found AS (
    SELECT schema_name, sum(records) AS records FROM places
    GROUP BY schema_name
)

SELECT
    count(*) FILTER (WHERE coalesce(served.records, 0) <> coalesce(found.records, 0)) AS failed_rows,
    jsonb_object_agg(schema_name, ARRAY[coalesce(served.records, 0), coalesce(found.records, 0)])
        AS served_and_found,
    CASE WHEN NOT EXISTS (SELECT * FROM replay_ledger) THEN 'nothing to judge: nothing was served' ELSE '' END
        AS skip_reason
FROM served
FULL JOIN found USING (schema_name);

-- MUTATION: a trade is lost
DELETE FROM trades_data
WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM trades_data ORDER BY tableoid, ctid LIMIT 1);

-- MUTATION: definitions are not stored at all
TRUNCATE TABLE definitions_data;

-- MUTATION: a record is stored and quarantined
INSERT INTO quarantined_records (chunk_identifier, position, job_id, dataset, schema_name, stage, rule, message, record)
VALUES ('again', 0, 'x', 'x', 'tbbo', 'validation', 'x', 'x', '{"x": 1}');
