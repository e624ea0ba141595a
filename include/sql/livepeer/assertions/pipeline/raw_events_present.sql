-- When this fails, a layer is empty although the layer below it is not: a whole table was lost, or its writer has
-- stopped, and every rate over the window has no data. Raw must have rows if something was published or typed. Health
-- samples and milestones must be typed if raw has some that were not rejected or ignored.
-- LAYER: typed

-- TEST: raw_events_present
WITH
refused AS (
    SELECT source_topic, source_partition, source_offset
    FROM merge(concat('^(', arrayStringConcat({reject_tables:Array(String)}, '|'), ')$'))
),

statuses AS (
    SELECT count() AS rows_typed
    FROM ai_stream_status
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

traces AS (
    SELECT count() AS rows_typed
    FROM stream_trace_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

found AS (
    SELECT
        'streaming_events' AS object,
        count() AS rows_found,
        arraySum(mapValues({published_in_window:Map(String, UInt64)})) AS rows_below
    FROM streaming_events
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT
        if(type = 'stream_trace', 'stream_trace_events', 'ai_stream_status') AS object,
        0 AS rows_found,
        countIf(
            (source_topic, source_partition, source_offset) NOT IN (SELECT * FROM refused)
            AND length(payload) < 500000
            AND (type != 'stream_trace' OR JSONExtractString(data, 'type') != 'app_send_stream_request')
        ) AS rows_below
    FROM streaming_events
    WHERE
        -- Texts are read only if the layer above is empty.
        (
            (type = 'ai_stream_status' AND (SELECT rows_typed FROM statuses) = 0)
            OR (type = 'stream_trace' AND (SELECT rows_typed FROM traces) = 0)
        )
        AND event_timestamp >= {from_ts:DateTime64(3, 'UTC')}
        AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY object
    UNION ALL
    SELECT
        arrayJoin(['streaming_events', toString(_table)]) AS object,
        if(object = 'streaming_events', 0, count()) AS rows_found,
        if(object = 'streaming_events', count(), 0) AS rows_below
    FROM merge('^(ai_stream_status|stream_trace_events)$')
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    GROUP BY _table
),

by_object AS (
    SELECT
        found.object AS object,
        sum(found.rows_found) AS there,
        sum(found.rows_below) AS below,
        there = 0 AND below > 0 AS is_missing
    FROM found
    GROUP BY object
)

SELECT
    countIf(is_missing) AS failed_rows,
    groupArrayIf(object, is_missing) AS missing_objects,
    groupArray((object, there, below)) AS object_rows_and_rows_below,
    if(sum(there) + sum(below) = 0, 'nothing to judge: no record was published or is there in the window', '')
        AS skip_reason
FROM by_object;

-- MUTATION: the raw layer is empty
DELETE FROM streaming_events WHERE 1;

-- MUTATION: no health sample is typed
DELETE FROM ai_stream_status WHERE 1;

-- MUTATION: no milestone is typed
DELETE FROM stream_trace_events WHERE 1;
