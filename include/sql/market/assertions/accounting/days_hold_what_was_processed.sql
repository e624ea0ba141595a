-- When this fails, rows of a chunk are missing although the totals agree, or they were filed under another day than the
-- one that they were received on, for example by a time zone.
-- LAYER: typed

-- TEST: days_hold_what_was_processed
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

judged AS (
    SELECT dataset, schema_name FROM download_progress
    GROUP BY dataset, schema_name
    HAVING
        NOT bool_or(
            (extract(EPOCH FROM range_end)::bigint - 1) / 86400 > extract(EPOCH FROM range_start)::bigint / 86400
        )
),

rows_of_days AS (
    SELECT dataset, 'trades' AS schema_name, ts_recv_ns AS at_ns FROM trades_data
    UNION ALL
    SELECT dataset, 'tbbo', ts_recv_ns FROM tbbo_data
    UNION ALL
    SELECT dataset, 'statistics', ts_recv_ns FROM statistics_data
    UNION ALL
    SELECT dataset, 'definition', ts_recv_ns FROM definitions_data
    UNION ALL
    SELECT dataset, 'ohlcv-' || granularity, ts_event_ns FROM daily_ohlcv_data
),

stored AS (
    SELECT dataset, schema_name, at_ns / 86400000000000 AS day, count(*) AS records
    FROM rows_of_days
    GROUP BY dataset, schema_name, day
),

compared AS (
    SELECT
        dataset || ' ' || schema_name || ' '
        || to_char(to_timestamp(day * 86400) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS what,
        coalesce(stored.records, 0) NOT BETWEEN coalesce(promised.least, 0) AND coalesce(promised.most, 0) AS differs
    FROM promised
    FULL JOIN stored USING (dataset, schema_name, day)
    INNER JOIN judged USING (dataset, schema_name)
)

SELECT
    count(*) FILTER (WHERE differs) AS failed_rows,
    count(*) AS days_judged,
    array_agg(what) FILTER (WHERE differs) AS differing,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no chunk of a day or less' ELSE '' END AS skip_reason
FROM compared;

-- MUTATION: a trade is filed under the day before
UPDATE trades_data SET ts_recv_ns = ts_recv_ns - 86400000000000
WHERE (tableoid, ctid) = (
    SELECT tableoid, ctid FROM trades_data ORDER BY ts_recv_ns DESC, tableoid DESC, ctid DESC LIMIT 1
);

-- MUTATION: bars of one day are missing
DELETE FROM daily_ohlcv_data WHERE ts_event = (SELECT max(ts_event) FROM daily_ohlcv_data WHERE granularity = '1d');
