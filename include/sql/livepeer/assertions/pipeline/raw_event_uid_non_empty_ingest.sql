-- When this fails, a row of transport statistics carries no lineage: nobody can tell which event it came from, whether
-- it was counted twice, or what replaced it.
-- LAYER: typed

-- TEST: raw_event_uid_non_empty_ingest
WITH lineage AS (
    SELECT 'stream_ingest_metrics' AS object, raw_event_uid AS uid, source_partition, source_offset
    FROM stream_ingest_metrics
    WHERE event_timestamp >= {from_ts:DateTime64(3, 'UTC')} AND event_timestamp < {to_ts:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'fact_stream_ingest_samples' AS object, source_event_uid AS uid, source_partition, source_offset
    FROM fact_stream_ingest_samples
    WHERE sample_ts >= {from_ts:DateTime64(3, 'UTC')} AND sample_ts < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    countIf(empty(trim(uid))) AS failed_rows,
    count() AS rows_checked,
    countIf(empty(trim(uid)) AND object = 'stream_ingest_metrics') AS blank_typed,
    countIf(empty(trim(uid)) AND object = 'fact_stream_ingest_samples') AS blank_silver,
    groupArrayIf(20)((object, source_partition, source_offset), empty(trim(uid))) AS table_partition_offset,
    if(count() = 0, 'nothing to judge: no transport statistics in the window', '') AS skip_reason
FROM lineage;

-- MUTATION: a typed row without lineage
ALTER TABLE stream_ingest_metrics UPDATE raw_event_uid = ''
WHERE raw_event_uid = (SELECT max(raw_event_uid) FROM stream_ingest_metrics);

-- MUTATION: a silver row with a blank for lineage
ALTER TABLE fact_stream_ingest_samples UPDATE source_event_uid = ' '
WHERE source_event_uid = (SELECT max(source_event_uid) FROM fact_stream_ingest_samples);
