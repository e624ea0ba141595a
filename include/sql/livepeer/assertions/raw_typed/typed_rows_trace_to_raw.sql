-- When this fails, a typed row has no raw record, or differs from it: rows were invented, altered, or have the lineage
-- of another record. Every row must come from exactly one raw record of its own family, with that record's id and time.
-- A row of a one-to-one family also has the record's exact text.
-- LAYER: typed

-- TEST: raw_typed_rows_trace_to_raw
WITH
typed AS (
    SELECT
        _table AS typed_table,
        arrayFirst(
            (name, tables) -> has(tables, typed_table),
            mapKeys({typed_tables:Map(String, Array(String))}),
            mapValues({typed_tables:Map(String, Array(String))})
        ) AS family,
        family IN ('network_capabilities', 'discovery_results') AS fans_out,
        raw_event_uid,
        event_timestamp,
        xxh3(raw_json) AS own_text,
        source_topic,
        source_partition,
        source_offset
    FROM merge(concat('^(', arrayStringConcat({layer_typed:Array(String)}, '|'), ')$'))
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
),

-- The join holds all raw records in memory. It holds hashes of their texts, because the texts themselves would need
-- gigabytes for a million records.
raw_records AS (
    SELECT
        source_topic,
        source_partition,
        source_offset,
        type AS raw_type,
        event_uid AS raw_id,
        event_timestamp AS raw_timestamp,
        xxh3(payload) AS raw_text
    FROM streaming_events
    WHERE
        event_date >= toDate({from_ts:DateTime64(3, 'UTC')}) - 1
        AND event_date <= toDate({to_ts:DateTime64(3, 'UTC')}) + 1
),

traced AS (
    SELECT
        typed.*,
        raw_records.raw_type IS NULL AS is_orphan,
        raw_records.raw_type = typed.family AS same_family,
        raw_records.raw_id = typed.raw_event_uid AS same_id,
        raw_records.raw_timestamp = typed.event_timestamp AS same_time,
        typed.fans_out OR raw_records.raw_text = typed.own_text AS same_text
    FROM typed
    LEFT ANY JOIN raw_records
        ON
            typed.source_topic = raw_records.source_topic
            AND typed.source_partition = raw_records.source_partition
            AND typed.source_offset = raw_records.source_offset
)

SELECT
    countIf(is_orphan OR NOT (same_family AND same_id AND same_time AND same_text)) AS failed_rows,
    count() AS typed_rows,
    countIf(is_orphan) AS rows_without_raw_record,
    countIf(NOT same_family) AS rows_of_another_family,
    countIf(NOT same_id) AS rows_of_another_id,
    countIf(NOT same_time) AS rows_of_another_time,
    countIf(NOT same_text) AS rows_of_another_text,
    groupArrayIf(20)(
        (typed_table, source_partition, source_offset, raw_event_uid),
        is_orphan OR NOT (same_family AND same_id AND same_time AND same_text)
    ) AS table_partition_offset_id,
    if(typed_rows = 0, 'nothing to judge: no typed row in the window', '') AS skip_reason
FROM traced
SETTINGS join_use_nulls = 1;

-- MUTATION: a typed row keeps another text than its record
ALTER TABLE ai_stream_status UPDATE raw_json = concat(raw_json, ' ')
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM ai_stream_status ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: a typed row points at a record that never was
INSERT INTO discovery_results
(
    event_timestamp, orchestrator_address, raw_json, raw_event_uid, source_topic, source_partition, source_offset
)
SELECT
    event_timestamp,
    orchestrator_address,
    raw_json,
    raw_event_uid,
    source_topic,
    source_partition,
    source_offset + 1000000
FROM discovery_results
ORDER BY source_partition, source_offset
LIMIT 1;
