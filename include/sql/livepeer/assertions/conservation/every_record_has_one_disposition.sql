-- When this fails, a record has no disposition, or several: a batch was lost between reading and committing, or was
-- processed again after it had been written. No other check notices a record that disappears without a reject.
-- LAYER: typed
-- RUNG: records_accounted

-- TEST: conservation_every_record_has_one_disposition
WITH
sides AS (
    SELECT
        source_partition,
        source_offset,
        1 AS published_rows,
        0 AS stated_rows,
        0 AS is_nameless,
        event_id,
        workflow_session_id
    FROM replay_ledger
    WHERE source_topic = {input_topic:String}
    UNION ALL
    SELECT
        source_partition,
        source_offset,
        0 AS published_rows,
        1 AS stated_rows,
        disposition NOT IN ('accepted', 'ignored', 'dlq', 'quarantine') AS is_nameless,
        event_id,
        '' AS workflow_session_id
    FROM record_dispositions
    WHERE source_topic = {input_topic:String}
),

records AS (
    SELECT
        source_partition,
        source_offset,
        max(sides.event_id) AS uid,
        max(workflow_session_id) AS session,
        sum(published_rows) > 0 AS is_published,
        sum(stated_rows) AS dispositions,
        max(sides.is_nameless) AS of_no_known_kind,
        is_published AND dispositions = 0 AS is_missing,
        dispositions > 1 AS is_repeated,
        NOT is_published AS is_unknown
    FROM sides
    GROUP BY source_partition, source_offset
)

SELECT
    countIf(is_missing OR is_repeated OR is_unknown OR of_no_known_kind) AS failed_rows,
    countIf(is_published) AS published,
    countIf(is_missing) AS without_disposition,
    countIf(is_repeated) AS with_several,
    countIf(is_unknown) AS never_published,
    sum(of_no_known_kind) AS with_a_kind_unknown,
    groupArrayIf(20)(
        (source_partition, source_offset, uid, dispositions),
        is_missing OR is_repeated OR is_unknown OR of_no_known_kind
    ) AS partition_offset_id_rows,
    groupUniqArrayIf(20)(
        session, session != '' AND (is_missing OR is_repeated OR of_no_known_kind)
    ) AS failing_workflow_session_ids
FROM records;

-- MUTATION: the processor forgets a record
DELETE FROM record_dispositions
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM stream_trace_events ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: the processor accounts for a record twice
INSERT INTO record_dispositions
SELECT * FROM record_dispositions
WHERE disposition = 'accepted'
ORDER BY source_partition, source_offset
LIMIT 1;

-- MUTATION: the processor accounts for a record that nobody published
INSERT INTO record_dispositions
(
    source_topic, source_partition, source_offset, source_record_timestamp, event_id, event_type, disposition
)
SELECT
    source_topic,
    source_partition,
    source_offset + 1000000,
    source_record_timestamp,
    event_id,
    event_type,
    disposition
FROM record_dispositions
WHERE disposition = 'accepted'
ORDER BY source_partition, source_offset
LIMIT 1;
