-- When this fails, rows are missing that the pipeline says it has stored, or there are rows that no chunk brought.
-- LAYER: typed

-- TEST: tables_hold_what_was_processed
WITH
sums AS (
    SELECT dataset, schema_name, sum(least) AS least, sum(most) AS most FROM promised_rows
    GROUP BY dataset, schema_name
),

stored AS (
    SELECT dataset, 'trades' AS schema_name, count(*) AS records FROM trades_data GROUP BY dataset
    UNION ALL
    SELECT dataset, 'tbbo', count(*) FROM tbbo_data GROUP BY dataset
    UNION ALL
    SELECT dataset, 'statistics', count(*) FROM statistics_data GROUP BY dataset
    UNION ALL
    SELECT dataset, 'definition', count(*) FROM definitions_data GROUP BY dataset
    UNION ALL
    SELECT dataset, 'ohlcv-' || granularity, count(*) FROM daily_ohlcv_data GROUP BY dataset, granularity
),

compared AS (
    SELECT
        dataset || ' ' || schema_name AS what,
        coalesce(stored.records, 0) NOT BETWEEN coalesce(sums.least, 0) AND coalesce(sums.most, 0) AS differs
    FROM sums
    FULL JOIN stored USING (dataset, schema_name)
)

SELECT
    count(*) FILTER (WHERE differs) AS failed_rows,
    array_agg(what) FILTER (WHERE differs) AS differing,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no chunk was loaded' ELSE '' END AS skip_reason
FROM compared;

-- MUTATION: a statistic is lost
DELETE FROM statistics_data
WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM statistics_data ORDER BY tableoid, ctid LIMIT 1);

-- MUTATION: a chunk is loaded and not recorded
DELETE FROM download_progress WHERE (job_id, chunk_identifier) = (
    SELECT job_id, chunk_identifier FROM download_progress WHERE records_processed > 0
    ORDER BY job_id, chunk_identifier
    LIMIT 1
);
