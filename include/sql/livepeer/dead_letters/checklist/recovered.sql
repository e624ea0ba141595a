-- When this fails, events that were sent again did not become rows: they were rejected again, or the pipeline lost them
-- after it had counted them. The producer or the processor is not fixed, or not for all of them. An event is recovered
-- when its record was accepted and the rows that its disposition names are there, or when it is a duplicate of an event
-- that was accepted.
-- LAYER: typed

-- TEST: dlq_replayed_events_are_recovered
WITH
sent AS (
    SELECT source_topic, source_partition, source_offset
    FROM streaming_events
    WHERE source_topic = {input_topic:String} AND headers['sp-run-id'] = {replay_id:String}
),

sides AS (
    SELECT
        source_topic,
        source_partition,
        source_offset,
        toString(entry.1) AS target,
        toUInt64(entry.2) AS named,
        toUInt64(0) AS existing
    FROM record_dispositions
    ARRAY JOIN CAST(rows_written, 'Array(Tuple(String, UInt32))') AS entry
    WHERE disposition = 'accepted' AND (source_topic, source_partition, source_offset) IN (SELECT * FROM sent)
    UNION ALL
    SELECT
        source_topic,
        source_partition,
        source_offset,
        toString(_table) AS target,
        toUInt64(0) AS named,
        toUInt64(1) AS existing
    FROM
        merge(concat('^(', arrayStringConcat(arrayConcat(
            {layer_typed:Array(String)}, {layer_silver:Array(String)}
        ), '|'), ')$'))
    WHERE (source_topic, source_partition, source_offset) IN (SELECT * FROM sent)
),

incomplete AS (
    SELECT source_topic, source_partition, source_offset
    FROM sides
    GROUP BY source_topic, source_partition, source_offset, target
    HAVING sum(existing) < max(named)
),

accepted AS (
    SELECT dedup_key
    FROM record_dispositions
    WHERE source_topic = {input_topic:String} AND dedup_key != '' AND disposition = 'accepted'
),

-- A record that failed in a stage before dedup has no key: it stands for itself.
records AS (
    SELECT
        if(dedup_key = '', toString((source_partition, source_offset)), dedup_key) AS event,
        event_id,
        disposition,
        reason,
        (source_topic, source_partition, source_offset) IN (SELECT * FROM incomplete) AS is_incomplete,
        multiIf(
            disposition = 'quarantine', dedup_key IN (SELECT dedup_key FROM accepted),
            disposition IN ('accepted', 'ignored') AND NOT is_incomplete
        ) AS is_good
    FROM record_dispositions
    WHERE (source_topic, source_partition, source_offset) IN (SELECT * FROM sent)
),

events AS (
    SELECT
        event,
        any(event_id) AS id,
        count() AS sent_records,
        countIf(is_good) AS good,
        countIf(is_incomplete) AS incomplete_records,
        groupUniqArray(5)(concat(disposition, if(reason = '', '', concat(': ', reason)))) AS outcomes
    FROM records
    GROUP BY event
)

SELECT
    countIf(good = 0) + greatest({replayed:Int64} - toInt64(sum(sent_records)), 0) AS failed_rows,
    {replayed:UInt64} AS replayed_records,
    sum(sent_records) AS judged_records,
    count() AS events,
    countIf(good > 0) AS recovered_events,
    sum(incomplete_records) AS records_with_missing_rows,
    groupArrayIf(20)((id, outcomes), good = 0) AS not_recovered
FROM events;

-- MUTATION: the typed rows of a replayed event are lost
DELETE FROM ai_stream_status
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset
    FROM streaming_events
    WHERE headers['sp-run-id'] != '' AND type = 'ai_stream_status' AND JSONHas(payload, '__replay')
    ORDER BY source_partition, source_offset
    LIMIT 1
);

-- MUTATION: a replayed event is rejected again
ALTER TABLE record_dispositions UPDATE disposition = 'dlq', reason = 'missing_field'
WHERE replay = 1 AND disposition = 'accepted';
