-- When this fails, events of viewers' sessions are rejected: a producer changed a payload, the gate became stricter, or
-- something publishes twice. The reverse also fails: when a planted reject was accepted, the gate no longer works. A
-- record counts when its event time or its Kafka time is in the window, so that a replay of an old capture is included.
-- Records are counted, not rows: the reject row of an oversized record may itself be too large to be written, and then
-- only the disposition shows the reject.
-- LAYER: typed

-- TEST: raw_typed_no_dlq_or_quarantine_for_core_types
WITH
rejections AS (
    SELECT
        transform(_table, ['streaming_events_dlq'], ['dlq'], 'quarantine') AS place,
        event_type,
        event_timestamp,
        source_record_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM merge('^streaming_events_(dlq|quarantine)$')
    UNION ALL
    SELECT
        disposition AS place,
        event_type,
        event_timestamp,
        source_record_timestamp,
        source_topic,
        source_partition,
        source_offset
    FROM record_dispositions
    WHERE disposition IN ('dlq', 'quarantine')
),

rejected AS (
    SELECT
        place,
        event_type,
        uniqExact(source_topic, source_partition, source_offset) AS records
    FROM rejections
    WHERE
        has({core_types:Array(String)}, event_type)
        AND (
            (
                source_record_timestamp >= {from_ts:DateTime64(3, 'UTC')}
                AND source_record_timestamp < {to_ts:DateTime64(3, 'UTC')}
            )
            OR (event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')})
        )
    GROUP BY place, event_type
),

-- Rejects without a stated outcome in the fixture.
unplanned AS (
    SELECT
        place,
        event_type,
        arraySlice(groupUniqArray(20)((source_partition, source_offset, place)), 1, 20) AS records
    FROM rejections
    WHERE (source_topic, source_partition, source_offset, place) NOT IN (
        SELECT source_topic, source_partition, source_offset, toString(expected_disposition)
        FROM replay_ledger
        WHERE expected_disposition IN ('dlq', 'quarantine')
    )
    GROUP BY place, event_type
),

core_types AS (
    SELECT arrayJoin({core_types:Array(String)}) AS event_type
),

compared AS (
    SELECT
        core_types.event_type AS event_type,
        sumIf(rejected.records, rejected.place = 'dlq') AS dlq_records,
        sumIf(rejected.records, rejected.place = 'quarantine') AS quarantine_records,
        {expected_dlq:Map(String, UInt64)}[core_types.event_type] AS expected_dlq_records,
        {expected_quarantine:Map(String, UInt64)}[core_types.event_type] AS expected_quarantine_records
    FROM core_types
    LEFT JOIN rejected ON core_types.event_type = rejected.event_type
    GROUP BY core_types.event_type
)

SELECT
    if(
        skip_reason != '',
        0,
        sum(abs(toInt64(dlq_records) - toInt64(expected_dlq_records)))
        + sum(abs(toInt64(quarantine_records) - toInt64(expected_quarantine_records)))
    ) AS failed_rows,
    sum(dlq_records) AS dlq_rows,
    sum(quarantine_records) AS quarantine_rows,
    sum(expected_dlq_records) AS expected_dlq_rows,
    sum(expected_quarantine_records) AS expected_quarantine_rows,
    groupArrayIf(
        (event_type, dlq_records, expected_dlq_records, quarantine_records, expected_quarantine_records),
        dlq_records != expected_dlq_records OR quarantine_records != expected_quarantine_records
    ) AS type_dlq_expected_quarantine_expected,
    arraySlice((
        SELECT groupArrayArray(unplanned.records)
        FROM unplanned
        INNER JOIN compared AS wrong ON unplanned.event_type = wrong.event_type
        WHERE if(
            unplanned.place = 'dlq',
            wrong.dlq_records != wrong.expected_dlq_records,
            wrong.quarantine_records != wrong.expected_quarantine_records
        )
    ), 1, 20) AS partition_offset_place,
    if(
        dlq_rows + quarantine_rows + (
            SELECT count()
            FROM streaming_events
            WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
        ) = 0,
        'nothing to judge: no record and no reject in the window',
        ''
    ) AS skip_reason
FROM compared
SETTINGS join_use_nulls = 0;

-- MUTATION: a healthy event is dead-lettered
INSERT INTO streaming_events_dlq
(
    source_topic, source_partition, source_offset, source_record_timestamp, event_id, event_type, event_timestamp,
    failure_class
)
SELECT
    source_topic,
    source_partition,
    source_offset,
    event_timestamp,
    raw_event_uid,
    'stream_trace',
    event_timestamp,
    'PARSING_FAILED'
FROM stream_trace_events
ORDER BY source_partition, source_offset
LIMIT 1;

-- MUTATION: an old capture is replayed today and one event of it is dead-lettered
INSERT INTO streaming_events_dlq
(
    source_topic, source_partition, source_offset, source_record_timestamp, event_id, event_type, event_timestamp,
    failure_class
)
SELECT
    source_topic,
    source_partition,
    source_offset,
    now64(3),
    raw_event_uid,
    'stream_trace',
    event_timestamp,
    'PARSING_FAILED'
FROM stream_trace_events
ORDER BY source_partition, source_offset
LIMIT 1;
