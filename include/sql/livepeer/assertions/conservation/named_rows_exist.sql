-- When this fails, a disposition names a row that does not exist: a write was lost after it had been counted, rows
-- collapsed on merge, or someone deleted them. Rows are counted per record and table.
-- LAYER: typed
-- RUNG: records_accounted

-- TEST: conservation_named_rows_exist
WITH
sides AS (
    SELECT
        source_topic,
        source_partition,
        source_offset,
        toString(entry.1) AS target,
        entry.2 AS named,
        0 AS existing
    FROM record_dispositions
    ARRAY JOIN CAST(rows_written, 'Array(Tuple(String, UInt32))') AS entry
    UNION ALL
    SELECT source_topic, source_partition, source_offset, toString(_table) AS target, 0 AS named, 1 AS existing
    FROM
        merge(concat('^(', arrayStringConcat(arrayConcat(
            {layer_typed:Array(String)}, {layer_silver:Array(String)}, {reject_tables:Array(String)}
        ), '|'), ')$'))
),

compared AS (
    SELECT
        source_topic,
        source_partition,
        source_offset,
        target,
        max(named) AS named_rows,
        sum(existing) AS existing_rows,
        existing_rows < named_rows AS differs
    FROM sides
    GROUP BY source_topic, source_partition, source_offset, target
),

sessions AS (
    SELECT groupUniqArray(20)(workflow_session_id) AS ids
    FROM replay_ledger
    WHERE (source_topic, source_partition, source_offset) IN (
        SELECT source_topic, source_partition, source_offset FROM compared WHERE differs
    )
)

SELECT
    sumIf(named_rows - existing_rows, differs) AS failed_rows,
    sum(named_rows) AS rows_named,
    sum(existing_rows) AS rows_existing,
    groupArrayIf(20)(
        (target, source_partition, source_offset, named_rows, existing_rows), differs
    ) AS table_partition_offset_named_existing,
    (SELECT ids FROM sessions) AS failing_workflow_session_ids
FROM compared;

-- MUTATION: price rows of a record are lost
DELETE FROM network_capabilities_prices
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset
    FROM network_capabilities_prices
    ORDER BY source_partition, source_offset
    LIMIT 1
);

-- MUTATION: a silver row is lost
DELETE FROM fact_stream_ingest_samples
WHERE source_offset = (SELECT min(source_offset) FROM fact_stream_ingest_samples);
