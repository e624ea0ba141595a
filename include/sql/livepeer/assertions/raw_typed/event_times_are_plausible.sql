-- When this fails, an accepted event has a time before the year 2000: its producer sends seconds instead of
-- milliseconds, or a default value. One such sample moves the start of its session to 1970, and views and oracle then
-- leave the session out. The check does not use the window, because no window includes 1970. So it covers only what a
-- replay published, not a warehouse that others fill.
-- LAYER: typed

-- TEST: raw_typed_event_times_are_plausible
WITH
told AS (
    SELECT
        raw_event_uid AS uid,
        'timestamp' AS field,
        event_timestamp AS moment
    FROM merge(concat('^(', arrayStringConcat({layer_typed:Array(String)}, '|'), ')$'))
    WHERE event_date < '2000-01-02'
    UNION ALL
    SELECT
        raw_event_uid AS uid,
        'data.timestamp' AS field,
        data_timestamp AS moment
    FROM stream_trace_events
    -- A milestone's own time of 0 counts as absent.
    WHERE toUnixTimestamp64Milli(data_timestamp) != 0
),

implausible AS (
    SELECT DISTINCT
        uid,
        field,
        toUnixTimestamp64Milli(moment) AS milliseconds
    FROM told
    WHERE moment <= toDateTime64('2000-01-01 00:00:00', 3, 'UTC')
)

SELECT
    count() AS failed_rows,
    uniqExact(uid) AS events,
    arraySlice(arraySort(groupArray(1000)((uid, field, milliseconds))), 1, 20) AS event_field_and_value,
    (
        SELECT groupUniqArray(20)(workflow_session_id)
        FROM (
            SELECT workflow_session_id, source_event_uid FROM fact_stream_status_samples
            UNION ALL
            SELECT workflow_session_id, source_event_uid FROM fact_stream_trace_edges
        ) AS facts
        WHERE source_event_uid IN (SELECT implausible.uid FROM implausible)
    ) AS failing_workflow_session_ids,
    if({published_records:UInt64} = 0, 'nothing to judge: no record was published', '') AS skip_reason
FROM implausible;

-- MUTATION: a payment was made in 1970, for its time is in seconds
INSERT INTO payment_events
SELECT
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(payments.event_timestamp), 1000), 'UTC') AS told_in_seconds,
    * EXCEPT (event_timestamp)
FROM payment_events AS payments
ORDER BY source_partition, source_offset
LIMIT 1;

-- MUTATION: a milestone tells its own time in seconds
INSERT INTO stream_trace_events
(
    event_timestamp, stream_id, request_id, orchestrator_address, orchestrator_url, trace_type, data_timestamp,
    raw_json, raw_event_uid, source_topic, source_partition, source_offset
)
SELECT
    event_timestamp,
    stream_id,
    request_id,
    orchestrator_address,
    orchestrator_url,
    trace_type,
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(data_timestamp), 1000), 'UTC') AS told_in_seconds,
    raw_json,
    raw_event_uid,
    source_topic,
    source_partition,
    source_offset
FROM stream_trace_events
ORDER BY source_partition, source_offset
LIMIT 1;
