-- When this fails, a typed, silver or reject row exists that no disposition names: a batch was written twice,
-- something else writes into the same tables, or rows were made by hand. Sums over such tables are too high.
-- LAYER: typed
-- RUNG: records_accounted

-- TEST: conservation_no_unnamed_rows
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
        existing_rows > named_rows AS differs
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
    sumIf(existing_rows - named_rows, differs) AS failed_rows,
    sum(named_rows) AS rows_named,
    sum(existing_rows) AS rows_existing,
    groupArrayIf(20)(
        (target, source_partition, source_offset, named_rows, existing_rows), differs
    ) AS table_partition_offset_named_existing,
    (SELECT ids FROM sessions) AS failing_workflow_session_ids
FROM compared;

-- MUTATION: a typed row is written twice
INSERT INTO stream_trace_events
SELECT * FROM stream_trace_events
ORDER BY source_partition, source_offset
LIMIT 1;

-- MUTATION: a silver row is written twice
INSERT INTO fact_stream_ingest_samples
SELECT * FROM fact_stream_ingest_samples
ORDER BY source_offset
LIMIT 1;
