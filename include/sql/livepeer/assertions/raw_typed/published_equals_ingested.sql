-- When this fails, the raw layer differs from what was published: its consumer skipped records or has not read all of
-- them. Then nothing that is computed from raw can be trusted. Distinct ids per type are compared with the replay's own
-- count and, id by id, with its ledger. The whole topic is compared, whatever the times of its events.
-- LAYER: raw

-- TEST: raw_typed_published_equals_ingested
WITH
sides AS (
    SELECT event_type, event_id AS uid, 1 AS is_published, 0 AS is_ingested
    FROM replay_ledger
    WHERE source_topic = {input_topic:String} AND event_id != ''
    UNION ALL
    SELECT type AS event_type, id AS uid, 0 AS is_published, 1 AS is_ingested
    FROM streaming_events
    WHERE source_topic = {input_topic:String} AND id != ''
    UNION ALL
    SELECT
        arrayJoin(mapKeys({published_ids:Map(String, UInt64)})) AS event_type,
        '' AS uid,
        0 AS is_published,
        0 AS is_ingested
),

by_id AS (
    SELECT
        event_type,
        uid,
        max(is_published) AS was_published,
        max(is_ingested) AS was_ingested
    FROM sides
    GROUP BY event_type, uid
),

by_type AS (
    SELECT
        event_type,
        {published_ids:Map(String, UInt64)}[event_type] AS counted_ids,
        sum(was_published) AS ledger_ids,
        sum(was_ingested) AS ingested_ids,
        countIf(was_published > was_ingested) AS not_ingested,
        countIf(was_published < was_ingested) AS not_published,
        groupArrayIf(20)(uid, was_published > was_ingested) AS ids_not_ingested,
        groupArrayIf(20)(uid, was_published < was_ingested) AS ids_not_published
    FROM by_id
    GROUP BY event_type
)

SELECT
    sum(not_ingested) + sum(not_published) + countIf(counted_ids != ingested_ids) AS failed_rows,
    sum(counted_ids) AS published_distinct_ids,
    sum(ledger_ids) AS ledger_distinct_ids,
    sum(ingested_ids) AS ingested_distinct_ids,
    groupArrayIf((event_type, counted_ids, ingested_ids), counted_ids != ingested_ids) AS type_published_ingested,
    arraySlice(groupArrayArray(by_type.ids_not_ingested), 1, 20) AS missing_ids,
    arraySlice(groupArrayArray(by_type.ids_not_published), 1, 20) AS unknown_ids,
    if(
        published_distinct_ids + ledger_distinct_ids + ingested_distinct_ids = 0,
        'nothing to judge: no event with an id was published or has arrived',
        ''
    ) AS skip_reason
FROM by_type;

-- MUTATION: the raw consumer loses an event
DELETE FROM streaming_events
WHERE id = (
    SELECT raw_event_uid FROM stream_trace_events ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: an event arrives under another id
ALTER TABLE streaming_events UPDATE id = concat(id, '-other')
WHERE id = (
    SELECT raw_event_uid FROM ai_stream_status ORDER BY source_partition, source_offset LIMIT 1
);
