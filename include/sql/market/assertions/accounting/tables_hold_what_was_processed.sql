-- When this fails, rows are missing that the pipeline says it has stored, or there are rows that no chunk brought.
-- LAYER: typed

-- TEST: tables_hold_what_was_processed
WITH
-- A chunk that several jobs have loaded counts once, as its last load has it.
chunks AS (
    SELECT DISTINCT ON (chunk_identifier)
        dataset,
        schema_name,
        symbols,
        -- What was asked for: the name of a chunk without its time.
        regexp_replace(chunk_identifier, '/[^/]*$', '') AS request,
        split_part(split_part(chunk_identifier, '/', 3), ':', 1) AS symbol_type,
        range_end - range_start AS length,
        extract(EPOCH FROM range_start)::bigint / 86400 AS day,
        records_processed
    FROM download_progress
    ORDER BY chunk_identifier ASC, updated_at DESC, job_id ASC
),

-- Chunks of one request and one length do not overlap. `instruments` tells requests apart that share no record: of a
-- continuous symbol the root, because two rules may choose the same contract.
loads AS (
    SELECT
        dataset,
        schema_name,
        day,
        request,
        length,
        symbol_type,
        array(
            SELECT CASE WHEN symbol_type = 'continuous' THEN split_part(symbol, '.', 1) ELSE symbol END
            FROM unnest(symbols) AS symbol
        ) AS instruments,
        sum(records_processed) AS records
    FROM chunks
    GROUP BY dataset, schema_name, day, request, length, symbol_type, symbols
),

-- Where loads of a day may share records, a record of both is one row.
shared AS (
    SELECT
        one.*,
        exists(
            SELECT 1
            FROM loads AS other
            WHERE
                (other.dataset, other.schema_name, other.day) = (one.dataset, one.schema_name, one.day)
                AND (other.request, other.length) <> (one.request, one.length)
                AND (
                    other.symbol_type <> one.symbol_type
                    OR other.instruments && one.instruments
                    OR 'ALL_SYMBOLS' = any(other.instruments || one.instruments)
                )
        ) AS may_share
    FROM loads AS one
),

promised AS (
    SELECT
        dataset,
        schema_name,
        day,
        coalesce(sum(records) FILTER (WHERE NOT may_share), 0) + coalesce(max(records) FILTER (WHERE may_share), 0)
            AS least,
        sum(records) AS most
    FROM shared
    GROUP BY dataset, schema_name, day
),

sums AS (
    SELECT dataset, schema_name, sum(least) AS least, sum(most) AS most FROM promised
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
