-- The records of the given sessions: those whose payload names both the stream and the request of the session, within
-- the padding around it. A session without one of the two is found by the other half alone, and one without either by
-- the id of its only event. Payments name only a request, so they are found by it.
--
-- What became of a record is stated as far as the reject tables tell it. That an id was used before is not stated: it
-- depends on what else is published, and a replay finds it out. An event without an id names its session itself, so
-- what it repeats is exported, too.

-- QUERY: session_records
WITH
given AS (
    SELECT
        arrayJoin(arrayZip(
            arrayEnumerate({entity_ids:Array(String)}),
            {entity_ids:Array(String)},
            {entity_starts:Array(Int64)},
            {entity_ends:Array(Int64)}
        )) AS entity
),

sessions AS (
    SELECT
        toUInt32(entity.1 - 1) AS entity_number,
        fromUnixTimestamp64Milli(entity.3, 'UTC') - toIntervalMinute({session_padding_minutes:UInt32}) AS first_ts,
        fromUnixTimestamp64Milli(entity.4, 'UTC') + toIntervalMinute({session_padding_minutes:UInt32}) AS last_ts,
        -- The id as a record names it: `stream|request`, or `|` and the id of an event.
        multiIf(
            startsWith(entity.2, '_missing_stream|_missing_request|'),
            concat('|', substring(entity.2, 34)),
            replaceRegexpOne(replaceRegexpOne(entity.2, '^_missing_stream[|]', '|'), '[|]_missing_request$', '|')
        ) AS named,
        if(startsWith(entity.2, '_missing_stream|_missing_request|'), '', splitByChar('|', named)[-1]) AS request
    FROM given
),

records AS (
    SELECT
        *,
        event_timestamp,
        concat(
            trimBoth(JSONExtractString(data, 'stream_id')), '|', trimBoth(JSONExtractString(data, 'request_id'))
        ) AS ids,
        multiIf(
            type = 'create_new_payment', trimBoth(JSONExtractString(data, 'requestID')),
            ids != '|', ids,
            concat('|', if(id = '', '_missing_event', id))
        ) AS named
    FROM streaming_events
    WHERE
        event_date >= toDate({scan_from:DateTime64(3, 'UTC')})
        AND event_date <= toDate({scan_to:DateTime64(3, 'UTC')})
        AND event_timestamp >= {scan_from:DateTime64(3, 'UTC')}
        AND event_timestamp <= {scan_to:DateTime64(3, 'UTC')}
        AND type IN (
            'ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics', 'create_new_payment'
        )
),

-- One row per record. A record with several failures states only that it was rejected.
rejected AS (
    SELECT
        source_topic,
        source_partition,
        source_offset,
        min(if(_table = 'streaming_events_dlq', 'dlq', 'quarantine')) AS disposition,
        if(count() = 1, any(failure_class), '') AS stated_class,
        if(count() = 1, any(failure_reason), '') AS stated_reason
    FROM merge('^streaming_events_(dlq|quarantine)$')
    WHERE
        event_date >= toDate({scan_from:DateTime64(3, 'UTC')}) - 1
        AND event_date <= toDate({scan_to:DateTime64(3, 'UTC')}) + 1
        AND (failure_class != 'DUPLICATE' OR event_id = '')
    GROUP BY source_topic, source_partition, source_offset
),

keys AS (
    SELECT entity_number, first_ts, last_ts, arrayJoin([named, request]) AS lookup FROM sessions
),

found AS (
    SELECT keys.entity_number AS entity_number, records.*
    FROM records
    INNER JOIN keys ON records.named = keys.lookup
    WHERE lookup != '' AND event_timestamp >= first_ts AND event_timestamp <= last_ts
)

SELECT
    found.entity_number AS entity_number,
    toUnixTimestamp64Milli(found.event_timestamp) AS event_ms,
    toString(found.source_topic) AS record_topic,
    found.source_partition AS record_partition,
    found.source_offset AS record_offset,
    found.payload AS value,
    found.source_key AS key,
    mapKeys(found.headers) AS header_names,
    mapValues(found.headers) AS header_values,
    ifNull(rejected.disposition, '') AS disposition,
    ifNull(rejected.stated_class, '') AS failure_class,
    ifNull(rejected.stated_reason, '') AS failure_reason
FROM found
LEFT JOIN rejected
    ON
        found.source_topic = rejected.source_topic
        AND found.source_partition = rejected.source_partition
        AND found.source_offset = rejected.source_offset
ORDER BY entity_number, event_ms, record_topic, record_partition, record_offset;
