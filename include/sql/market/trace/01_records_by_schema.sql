-- Where did the records of each schema end? Served is what the fixture set holds, fetched what the pipeline says it has
-- got. If fewer were fetched than served, look at the requests of the run, else at the quarantine and the next query.

-- QUERY: 01_records_by_schema
WITH
served AS (
    SELECT event_type AS schema_name, count(*) AS records FROM replay_ledger
    GROUP BY event_type
),

progress AS (
    SELECT
        schema_name,
        count(*) AS chunks,
        sum(records_served) AS fetched,
        sum(records_processed) AS processed,
        sum(records_quarantined) AS quarantined
    FROM download_progress
    GROUP BY schema_name
),

stored AS (
    SELECT 'trades' AS schema_name, count(*) AS table_rows, min(ts_event) AS first, max(ts_event) AS last
    FROM trades_data
    UNION ALL
    SELECT 'tbbo', count(*), min(ts_event), max(ts_event) FROM tbbo_data
    UNION ALL
    SELECT 'statistics', count(*), min(ts_event), max(ts_event) FROM statistics_data
    UNION ALL
    SELECT 'definition', count(*), min(ts_recv), max(ts_recv) FROM definitions_data
    UNION ALL
    SELECT 'ohlcv-' || granularity, count(*), min(ts_event), max(ts_event) FROM daily_ohlcv_data
    GROUP BY granularity
)

SELECT
    schema_name,
    coalesce(served.records, 0) AS served,
    coalesce(progress.chunks, 0) AS chunks,
    coalesce(progress.fetched, 0) AS fetched,
    coalesce(progress.quarantined, 0) AS quarantined,
    coalesce(progress.processed, 0) AS processed,
    coalesce(stored.table_rows, 0) AS table_rows,
    stored.first,
    stored.last
FROM served
FULL JOIN progress USING (schema_name)
FULL JOIN stored USING (schema_name)
ORDER BY schema_name;
