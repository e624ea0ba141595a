-- When this fails, a layer has stopped although events still arrive: the last minutes are in raw but not in the facts,
-- and a dashboard shows the past as the present. Layers are compared with each other, never with the current time, so
-- that a replay of an old capture is as fresh as a live stream. A lag of one minute is allowed, because a fact has the
-- time of the component that saw the event, and raw that of the envelope. The age of raw itself is only reported.
-- LAYER: silver

-- TEST: freshness_lag
WITH
arrivals AS (
    SELECT
        arrayJoin(multiIf(
            type = 'ai_stream_status', ['fact_stream_status_samples', 'fact_workflow_sessions'],
            type = 'stream_trace', ['fact_stream_trace_edges', 'fact_workflow_sessions'],
            type = 'ai_stream_events', ['fact_workflow_sessions'],
            ['fact_stream_ingest_samples']
        )) AS facts,
        max(event_timestamp) AS moment
    FROM streaming_events
    WHERE
        type IN ('ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics')
        AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
        AND (source_topic, source_partition, source_offset) NOT IN (
            SELECT source_topic, source_partition, source_offset FROM streaming_events_dlq
            UNION ALL
            SELECT source_topic, source_partition, source_offset FROM streaming_events_quarantine
        )
    GROUP BY type
),

sides AS (
    SELECT facts, toNullable(moment) AS raw_moment, CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS fact_moment
    FROM arrivals
    UNION ALL
    SELECT 'fact_stream_status_samples', NULL, maxOrNull(sample_ts)
    FROM fact_stream_status_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_stream_trace_edges', NULL, maxOrNull(edge_ts)
    FROM fact_stream_trace_edges
    WHERE edge_ts >= {from_ts:DateTime64(3, 'UTC')} AND edge_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_stream_ingest_samples', NULL, maxOrNull(sample_ts)
    FROM fact_stream_ingest_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_workflow_sessions', NULL, maxOrNull(session_end_ts)
    FROM v_latest_sessions
    WHERE session_start_ts < {to_ts:DateTime64(3, 'UTC')} AND session_end_ts >= {from_ts:DateTime64(3, 'UTC')}
),

layers AS (
    SELECT
        facts,
        max(raw_moment) AS newest_raw,
        max(fact_moment) AS newest_fact,
        greatest(0, dateDiff('millisecond', newest_fact, newest_raw)) / 1000 AS lag_sec,
        newest_fact IS NULL OR lag_sec > 60 AS is_behind
    FROM sides
    GROUP BY facts
    HAVING newest_raw IS NOT NULL
)

SELECT
    countIf(is_behind) AS failed_rows,
    count() AS layers_checked,
    max(lag_sec) AS longest_lag_sec,
    groupArray((facts, lag_sec)) AS table_lag_sec,
    groupArrayIf((facts, newest_raw, newest_fact), is_behind) AS table_newest_raw_newest_fact,
    dateDiff('millisecond', max(newest_raw), {to_ts:DateTime64(3, 'UTC')}) / 1000 AS raw_behind_window_end_sec,
    if(layers_checked = 0, 'nothing to judge: no accepted stream event in the window', '') AS skip_reason
FROM layers;

-- MUTATION: the newest samples are not there yet
DELETE FROM fact_stream_status_samples
WHERE sample_ts > (SELECT max(sample_ts) - INTERVAL 2 MINUTE FROM fact_stream_status_samples);

-- MUTATION: no edge is there
TRUNCATE TABLE fact_stream_trace_edges;

-- MUTATION: sessions stand still for an hour
ALTER TABLE fact_workflow_sessions UPDATE session_end_ts = session_end_ts - INTERVAL 1 HOUR
WHERE 1;
