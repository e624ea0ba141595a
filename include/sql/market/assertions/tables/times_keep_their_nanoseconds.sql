-- When this fails, times were cut to microseconds or milliseconds on their way. The service receives with nanoseconds,
-- and so do clocks of venues, except those of ICE. Of twenty trades at least one has a part below the microsecond.
-- LAYER: typed

-- TEST: times_keep_their_nanoseconds
SELECT
    CASE
        WHEN count(*) FILTER (WHERE dataset NOT LIKE '%.IMPACT') < 20 THEN 0
        WHEN count(*) FILTER (WHERE dataset NOT LIKE '%.IMPACT' AND ts_event_ns % 1000 <> 0) = 0 THEN 1
        ELSE 0
    END
    + CASE WHEN count(*) FILTER (WHERE ts_recv_ns % 1000 <> 0) = 0 THEN 1 ELSE 0 END AS failed_rows,
    count(*) AS trades,
    CASE WHEN count(*) < 20 THEN 'nothing to judge: fewer than 20 trades were loaded' ELSE '' END AS skip_reason
FROM trades_data;

-- MUTATION: event times are cut to microseconds
UPDATE trades_data SET ts_event_ns = ts_event_ns / 1000 * 1000;

-- MUTATION: times of receipt are cut to milliseconds
UPDATE trades_data SET ts_recv_ns = ts_recv_ns / 1000000 * 1000000;
