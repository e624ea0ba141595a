-- When this fails, a stage between raw events and sessions produced nothing at all: events arrived and were accepted,
-- but there is no typed row, no sample, no milestone or no session. Or there are rows although everything below was
-- rejected. Each layer must have rows only if the layer below has some. A reject is matched by its record and not by
-- the time of the rejection, because an old fixture that is replayed today is rejected today.
-- LAYER: silver

-- TEST: core_raw_to_silver_gold_nonempty
WITH
refused AS (
    SELECT cityHash64(source_topic, source_partition, source_offset) AS record
    FROM merge('^(streaming_events_dlq|streaming_events_quarantine)$')
),

typed AS (
    SELECT count() AS rows_typed
    FROM merge('^(ai_stream_status|stream_trace_events|ai_stream_events|stream_ingest_metrics)$')
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

found AS (
    SELECT
        'raw' AS what,
        uniqExact(cityHash64(event_uid)) AS amount,
        uniqExactIf(
            cityHash64(event_uid),
            cityHash64(source_topic, source_partition, source_offset) NOT IN (SELECT record FROM refused)
            -- Texts are read only if nothing is typed. The reject row of a record may be missing, if it is too large.
            AND if(
                (SELECT rows_typed FROM typed) > 0,
                1,
                length(payload) < 500000
                AND (type != 'stream_trace' OR JSONExtractString(data, 'type') != 'app_send_stream_request')
            )
        ) AS accepted
    FROM streaming_events
    WHERE
        type IN ('ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics')
        AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT toString(_table) AS what, count() AS amount, 0 AS accepted
    FROM merge('^(ai_stream_status|stream_trace_events|ai_stream_events|stream_ingest_metrics)$')
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY what
    UNION ALL
    SELECT 'status' AS what, count() AS amount, 0 AS accepted
    FROM fact_stream_status_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    -- A milestone has its own time, which differs from the time of its event.
    SELECT
        'trace' AS what,
        countIf(edge_ts >= {from_ts:DateTime64(3, 'UTC')} AND edge_ts < {to_ts:DateTime64(3, 'UTC')}) AS amount,
        countIf(source_event_uid IN (
            SELECT raw_event_uid FROM stream_trace_events
            WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
        )) AS accepted
    FROM fact_stream_trace_edges
    UNION ALL
    SELECT 'session' AS what, count() AS amount, 0 AS accepted
    FROM v_latest_sessions
    WHERE
        session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND ifNull(session_end_ts, session_start_ts) >= {from_ts:DateTime64(3, 'UTC')}
),

totals AS (
    SELECT
        sumIf(amount, what = 'raw') AS raw_distinct_ids,
        sumIf(accepted, what = 'raw') AS accepted_distinct_ids_est,
        toUInt64(raw_distinct_ids - accepted_distinct_ids_est) AS rejected_distinct_ids,
        sumIf(amount, what = 'ai_stream_status') AS typed_status_rows,
        sumIf(amount, what = 'stream_trace_events') AS typed_trace_rows,
        sumIf(amount, what = 'ai_stream_events') AS typed_notices,
        typed_status_rows + typed_trace_rows + typed_notices + sumIf(amount, what = 'stream_ingest_metrics')
            AS typed_rows,
        sumIf(amount, what = 'status') AS status_rows,
        sumIf(amount, what = 'trace') AS trace_rows,
        sumIf(accepted, what = 'trace') AS edges_of_typed_traces,
        sumIf(amount, what = 'session') AS session_rows,
        arraySum(arrayMap(
            family -> {published_in_window:Map(String, UInt64)}[family],
            ['ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics']
        )) AS published_records,
        arrayFilter((what, is_empty) -> is_empty, ['raw', 'typed', 'samples', 'milestones', 'sessions', 'accepted'], [
            raw_distinct_ids = 0 AND published_records + typed_rows > 0,
            typed_rows = 0 AND accepted_distinct_ids_est > 0,
            status_rows = 0 AND typed_status_rows > 0,
            edges_of_typed_traces = 0 AND typed_trace_rows > 0,
            session_rows = 0 AND status_rows + trace_rows + typed_notices > 0,
            accepted_distinct_ids_est = 0 AND typed_rows > 0
        ]) AS empty_although_something_is_below
    FROM found
)

SELECT
    *,
    length(empty_although_something_is_below) AS failed_rows,
    if(
        raw_distinct_ids + typed_rows + status_rows + trace_rows + published_records = 0,
        'nothing to judge: no core event in the window',
        ''
    ) AS skip_reason
FROM totals;

-- MUTATION: no health sample reaches silver
DELETE FROM fact_stream_status_samples WHERE 1;

-- MUTATION: no milestone reaches silver
DELETE FROM fact_stream_trace_edges WHERE 1;

-- MUTATION: every core event is rejected, long after its own time
INSERT INTO streaming_events_dlq
(
    source_topic, source_partition, source_offset, event_id, event_type, source_record_timestamp
)
SELECT
    source_topic,
    source_partition,
    source_offset,
    id,
    type,
    now64(3)
FROM streaming_events
WHERE type IN ('ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics');

-- MUTATION: no session is made
ALTER TABLE fact_workflow_sessions
UPDATE session_start_ts = session_start_ts + toIntervalYear(10), session_end_ts = session_end_ts + toIntervalYear(10)
WHERE 1;
