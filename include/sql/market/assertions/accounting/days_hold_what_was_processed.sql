-- When this fails, rows of a chunk are missing although the totals agree, or they were filed under another day than the
-- one that they were received on, for example by a time zone.
-- LAYER: typed

-- TEST: days_hold_what_was_processed
WITH
-- Several jobs may have loaded the same chunk.
chunks AS (
    SELECT
        chunk_identifier,
        dataset,
        schema_name,
        extract(EPOCH FROM range_start)::bigint / 86400 AS day,
        (extract(EPOCH FROM range_end)::bigint - 1) / 86400 > extract(EPOCH FROM range_start)::bigint / 86400
            AS is_longer_than_its_day,
        max(records_processed) AS processed
    FROM download_progress
    GROUP BY chunk_identifier, dataset, schema_name, range_start, range_end
),

judged AS (
    SELECT dataset, schema_name FROM chunks
    GROUP BY dataset, schema_name
    HAVING NOT bool_or(is_longer_than_its_day)
),

promised AS (
    SELECT dataset, schema_name, day, sum(processed) AS records FROM chunks
    GROUP BY dataset, schema_name, day
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
)

SELECT
    count(*) FILTER (WHERE coalesce(promised.records, 0) <> coalesce(stored.records, 0)) AS failed_rows,
    count(*) AS days_judged,
    array_agg(dataset || ' ' || schema_name || ' ' || left(to_timestamp(day * 86400)::text, 10))
    FILTER (WHERE coalesce(promised.records, 0) <> coalesce(stored.records, 0)) AS differing,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no chunk of a day or less' ELSE '' END AS skip_reason
FROM promised
FULL JOIN stored USING (dataset, schema_name, day)
INNER JOIN judged USING (dataset, schema_name);

-- MUTATION: a trade is filed under the day before
UPDATE trades_data SET ts_recv_ns = ts_recv_ns - 86400000000000
WHERE (tableoid, ctid) = (
    SELECT tableoid, ctid FROM trades_data ORDER BY ts_recv_ns DESC, tableoid DESC, ctid DESC LIMIT 1
);

-- MUTATION: bars of one day are missing
DELETE FROM daily_ohlcv_data WHERE ts_event = (SELECT max(ts_event) FROM daily_ohlcv_data WHERE granularity = '1d');
