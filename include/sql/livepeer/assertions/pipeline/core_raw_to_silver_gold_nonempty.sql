-- When this fails, a stage between raw events and sessions produced nothing at all: events arrived and were accepted,
-- but there is no typed row, no sample, no milestone or no session. Or there are rows although everything below was
-- rejected. Each layer must have rows only if the layer below has some. A reject is matched by its record and not by
-- the time of the rejection, because an old fixture that is replayed today is rejected today.
-- LAYER: silver

-- TEST: core_raw_to_silver_gold_nonempty
WITH
refused AS (
    SELECT source_topic, source_partition, source_offset
    FROM merge(concat('^(', arrayStringConcat({reject_tables:Array(String)}, '|'), ')$'))
),

raw AS (
    SELECT
        event_uid,
        (source_topic, source_partition, source_offset) NOT IN (SELECT * FROM refused) AS is_accepted,
        -- An ignored trace has no typed row. A record that is too large may have no reject row.
        is_accepted
        AND length(payload) < 500000
        AND (type != 'stream_trace' OR JSONExtractString(data, 'type') != 'app_send_stream_request') AS must_be_typed
    FROM streaming_events
    WHERE
        has({core_types:Array(String)}, type)
        AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

raw_total AS (
    SELECT
        uniqExact(event_uid) AS ids,
        uniqExactIf(event_uid, is_accepted) AS accepted,
        uniqExactIf(event_uid, must_be_typed) AS to_be_typed
    FROM raw
),

typed_total AS (
    SELECT
        count() AS number,
        countIf(_table = 'ai_stream_status') AS statuses,
        countIf(_table = 'stream_trace_events') AS traces,
        countIf(_table = 'ai_stream_events') AS notices
    FROM
        merge(concat('^(', arrayStringConcat(arrayFlatten(arrayMap(
            name -> {typed_tables:Map(String, Array(String))}[name], {core_types:Array(String)}
        )), '|'), ')$'))
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

sample_total AS (
    SELECT count() AS number
    FROM fact_stream_status_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
),

-- A milestone has its own time, which differs from the time of its event.
edge_total AS (
    SELECT
        countIf(edge_ts >= {from_ts:DateTime64(3, 'UTC')} AND edge_ts < {to_ts:DateTime64(3, 'UTC')}) AS number,
        countIf(source_event_uid IN (
            SELECT raw_event_uid FROM stream_trace_events
            WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
        )) AS of_typed_traces
    FROM fact_stream_trace_edges
),

session_total AS (
    SELECT count() AS number
    FROM v_latest_sessions
    WHERE
        session_start_ts < {to_ts:DateTime64(3, 'UTC')}
        AND ifNull(session_end_ts, session_start_ts) >= {from_ts:DateTime64(3, 'UTC')}
),

totals AS (
    SELECT
        raw_total.ids AS raw_distinct_ids,
        raw_total.accepted AS accepted_distinct_ids_est,
        raw_total.ids - raw_total.accepted AS rejected_distinct_ids,
        raw_total.to_be_typed AS ids_to_be_typed,
        typed_total.number AS typed_rows,
        typed_total.statuses AS typed_status_rows,
        typed_total.traces AS typed_trace_rows,
        typed_total.notices AS typed_notices,
        sample_total.number AS status_rows,
        edge_total.number AS trace_rows,
        edge_total.of_typed_traces AS edges_of_typed_traces,
        session_total.number AS session_rows,
        arraySum(arrayMap(
            family -> {published_in_window:Map(String, UInt64)}[family], {core_types:Array(String)}
        )) AS published_records
    FROM raw_total
    CROSS JOIN typed_total
    CROSS JOIN sample_total
    CROSS JOIN edge_total
    CROSS JOIN session_total
),

judged AS (
    SELECT
        *,
        arrayFilter(what -> what != '', [
            if(raw_distinct_ids = 0 AND published_records + typed_rows > 0, 'raw', ''),
            if(typed_rows = 0 AND ids_to_be_typed > 0, 'typed', ''),
            if(status_rows = 0 AND typed_status_rows > 0, 'samples', ''),
            if(edges_of_typed_traces = 0 AND typed_trace_rows > 0, 'milestones', ''),
            if(session_rows = 0 AND status_rows + trace_rows + typed_notices > 0, 'sessions', ''),
            if(accepted_distinct_ids_est = 0 AND typed_rows > 0, 'accepted', '')
        ]) AS empty_although_something_is_below
    FROM totals
)

SELECT
    *,
    length(empty_although_something_is_below) AS failed_rows,
    if(
        raw_distinct_ids + typed_rows + status_rows + trace_rows + published_records = 0,
        'nothing to judge: no core event in the window',
        ''
    ) AS skip_reason
FROM judged;

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
