-- When this fails, the raw layer lost a record, has one twice, or has one that nobody published. Every later
-- investigation relies on the raw copy. Records with a null or empty value are not expected in raw: ClickHouse's Kafka
-- consumer skips them. A redelivery after a restart of that consumer is shown here as `repeated`.
-- LAYER: raw
-- RUNG: raw_complete

-- TEST: conservation_every_record_once_in_raw
WITH
sides AS (
    SELECT
        source_partition,
        source_offset,
        1 AS published_rows,
        value_kind = 'bytes' AS must_be_there,
        0 AS raw_rows,
        event_id,
        workflow_session_id
    FROM replay_ledger
    WHERE source_topic = {input_topic:String}
    UNION ALL
    SELECT
        source_partition,
        source_offset,
        0 AS published_rows,
        0 AS must_be_there,
        1 AS raw_rows,
        id AS event_id,
        '' AS workflow_session_id
    FROM streaming_events
    WHERE source_topic = {input_topic:String}
),

records AS (
    SELECT
        source_partition,
        source_offset,
        max(sides.event_id) AS uid,
        max(workflow_session_id) AS session,
        sum(published_rows) > 0 AS is_published,
        sum(sides.raw_rows) AS raw_count,
        is_published AND max(must_be_there) AND raw_count = 0 AS is_missing,
        raw_count > 1 AS is_repeated,
        NOT is_published AS is_unknown
    FROM sides
    GROUP BY source_partition, source_offset
)

SELECT
    countIf(is_missing OR is_repeated OR is_unknown) AS failed_rows,
    countIf(is_published) AS published,
    countIf(raw_count > 0) AS in_raw,
    countIf(is_published AND raw_count = 0 AND NOT is_missing) AS explained_by_a_value_without_bytes,
    countIf(is_missing) AS missing,
    countIf(is_repeated) AS repeated,
    countIf(is_unknown) AS never_published,
    groupArrayIf(20)(
        (source_partition, source_offset, uid, raw_count), is_missing OR is_repeated OR is_unknown
    ) AS partition_offset_id_rows,
    groupUniqArrayIf(20)(
        session, session != '' AND (is_missing OR is_repeated)
    ) AS failing_workflow_session_ids
FROM records;

-- MUTATION: the raw consumer loses a record
DELETE FROM streaming_events
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM stream_trace_events ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: the raw consumer delivers a record twice
INSERT INTO streaming_events
SELECT * FROM streaming_events
ORDER BY source_partition, source_offset
LIMIT 1;

-- MUTATION: a record appears that nobody published
INSERT INTO streaming_events
(
    id, type, timestamp, data, source_topic, source_partition, source_offset, source_record_timestamp, headers, payload
)
SELECT
    id,
    type,
    timestamp,
    data,
    source_topic,
    source_partition,
    source_offset + 1000000,
    source_record_timestamp,
    headers,
    payload
FROM streaming_events
WHERE type = 'stream_trace' AND id != ''
ORDER BY source_partition, source_offset
LIMIT 1;
