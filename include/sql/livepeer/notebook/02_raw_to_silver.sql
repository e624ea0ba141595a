-- SECTION: Raw to silver correlation
-- Did each typed row of the window become a silver fact? The two are matched by the id of their event. `missing` are
-- typed rows without a fact: look at the processor's log. `without_typed` are facts that no typed row explains.

-- QUERY: 02_raw_to_silver
WITH sides AS (
    SELECT
        'ai_stream_status' AS typed_table,
        raw_event_uid AS uid,
        0 AS is_silver
    FROM ai_stream_status
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'ai_stream_status' AS typed_table,
        source_event_uid AS uid,
        1 AS is_silver
    FROM fact_stream_status_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'stream_trace_events' AS typed_table,
        raw_event_uid AS uid,
        0 AS is_silver
    FROM stream_trace_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'stream_trace_events' AS typed_table,
        source_event_uid AS uid,
        1 AS is_silver
    FROM fact_stream_trace_edges
    -- An edge has the time that the emitting component gave, which may be outside the window.
    WHERE source_event_uid IN (SELECT raw_event_uid FROM stream_trace_events)
    UNION ALL
    SELECT
        'stream_ingest_metrics' AS typed_table,
        raw_event_uid AS uid,
        0 AS is_silver
    FROM stream_ingest_metrics
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        'stream_ingest_metrics' AS typed_table,
        source_event_uid AS uid,
        1 AS is_silver
    FROM fact_stream_ingest_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
),

by_event AS (
    SELECT
        typed_table,
        uid,
        countIf(NOT is_silver) AS typed_count,
        countIf(is_silver) AS silver_count
    FROM sides
    GROUP BY typed_table, uid
)

SELECT
    typed_table,
    sum(typed_count) AS typed_rows,
    sum(silver_count) AS silver_rows,
    countIf(typed_count > 0 AND silver_count > 0) AS correlated,
    countIf(typed_count > 0 AND silver_count = 0) AS missing,
    countIf(typed_count = 0 AND silver_count > 0) AS without_typed
FROM by_event
GROUP BY typed_table
ORDER BY typed_table;
