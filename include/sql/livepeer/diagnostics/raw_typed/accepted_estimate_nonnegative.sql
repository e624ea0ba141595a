-- A negative estimate means that more records of a type were rejected than ever arrived in raw: the two consumers of
-- the input topic disagree about what was on it. Exact accounting is done record by record in suite conservation.
-- LAYER: raw
-- Not a check: context for the other checks; the counts are of rows, and raw delivery is at-least-once.

-- TEST: raw_typed_accepted_estimate_nonnegative
WITH
arrivals AS (
    SELECT type AS event_type, 'raw' AS place
    FROM streaming_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT event_type, 'dlq' AS place
    FROM streaming_events_dlq
    WHERE
        source_record_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND source_record_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT event_type, 'quarantine' AS place
    FROM streaming_events_quarantine
    WHERE
        source_record_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND source_record_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

by_type AS (
    SELECT
        event_type,
        countIf(place = 'raw') AS raw_rows,
        countIf(place = 'dlq') AS dlq_rows,
        countIf(place = 'quarantine') AS quarantine_rows,
        toInt64(raw_rows) - toInt64(dlq_rows) - toInt64(quarantine_rows) AS accepted_rows_est
    FROM arrivals
    GROUP BY event_type
)

SELECT
    0 AS failed_rows,
    countIf(accepted_rows_est < 0) AS overflow_type_count,
    sum(raw_rows) AS total_raw_rows,
    sum(dlq_rows) AS total_dlq_rows,
    sum(quarantine_rows) AS total_quarantine_rows,
    sum(greatest(accepted_rows_est, 0)) AS total_accepted_rows_est_capped,
    if(count() = 0, 'nothing to judge: no record in the window', '') AS skip_reason
FROM by_type;
