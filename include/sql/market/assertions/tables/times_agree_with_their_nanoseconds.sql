-- When this fails, the time that partitions and queries use is not the one of the record, for example by rounding or
-- by a time zone.
-- LAYER: typed

-- TEST: times_agree_with_their_nanoseconds
WITH times AS (
    SELECT 'trades_data' AS source, ts_event AS at, ts_event_ns AS ns FROM trades_data
    UNION ALL
    SELECT 'tbbo_data', ts_event, ts_event_ns FROM tbbo_data
    UNION ALL
    SELECT 'statistics_data', ts_event, ts_event_ns FROM statistics_data
    UNION ALL
    SELECT 'daily_ohlcv_data', ts_event, ts_event_ns FROM daily_ohlcv_data
    UNION ALL
    SELECT 'definitions_data', ts_recv, ts_recv_ns FROM definitions_data
),

judged AS (
    SELECT source, floor(extract(EPOCH FROM at) * 1000000) <> ns / 1000 AS differs FROM times
)

SELECT
    count(*) FILTER (WHERE differs) AS failed_rows,
    array_agg(DISTINCT source) FILTER (WHERE differs) AS tables_with_differences,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no rows were loaded' ELSE '' END AS skip_reason
FROM judged;

-- MUTATION: a time of an hour later, as of another time zone
UPDATE statistics_data SET ts_event_ns = ts_event_ns + 3600000000000;

-- MUTATION: a microsecond that rounding adds
UPDATE definitions_data SET ts_recv_ns = ts_recv_ns - 1;
