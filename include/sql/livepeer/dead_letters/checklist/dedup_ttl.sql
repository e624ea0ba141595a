-- When this fails, the replayed window does not fit the lifetime of dedup keys. Either an event was quarantined as a
-- duplicate although no record of it had been accepted: the processor marks keys before an event has succeeded, so that
-- nothing can be replayed within the lifetime. Or an event was accepted again, more than one lifetime after its first
-- record: the key had expired, and nothing stops a replay from counting an event twice.
-- LAYER: raw

-- TEST: dlq_window_fits_the_dedup_lifetime
WITH
sent AS (
    SELECT source_topic, source_partition, source_offset
    FROM streaming_events
    WHERE source_topic = {input_topic:String} AND headers['sp-run-id'] = {replay_id:String}
),

keys AS (
    SELECT dedup_key
    FROM record_dispositions
    WHERE dedup_key != '' AND (source_topic, source_partition, source_offset) IN (SELECT * FROM sent)
),

events AS (
    SELECT
        dedup_key,
        any(event_id) AS id,
        (source_topic, source_partition, source_offset) IN (SELECT * FROM sent) AS is_sent,
        disposition,
        min(ingestion_timestamp) AS first_seen,
        count() AS records
    FROM record_dispositions
    WHERE source_topic = {input_topic:String} AND dedup_key IN (SELECT dedup_key FROM keys)
    GROUP BY dedup_key, is_sent, disposition
),

by_key AS (
    SELECT
        dedup_key,
        any(id) AS id,
        sumIf(records, is_sent AND disposition = 'quarantine') AS quarantined,
        sumIf(records, disposition = 'accepted') AS accepted,
        sumIf(records, is_sent AND disposition = 'accepted') AS accepted_again,
        minIf(first_seen, NOT is_sent AND disposition = 'accepted') AS first_accepted,
        minIf(first_seen, is_sent AND disposition = 'accepted') AS accepted_by_the_replay,
        quarantined > 0 AND accepted = 0 AS is_marked_too_early,
        accepted > accepted_again AND accepted_again > 0 AS is_counted_twice
    FROM events
    GROUP BY dedup_key
)

SELECT
    countIf(is_marked_too_early OR is_counted_twice) AS failed_rows,
    {dedup_ttl_minutes:UInt32} AS lifetime_minutes,
    count() AS events,
    sum(quarantined) AS quarantined_records,
    countIf(is_marked_too_early) AS marked_too_early,
    countIf(is_counted_twice) AS counted_twice,
    maxIf(dateDiff('minute', first_accepted, accepted_by_the_replay), is_counted_twice) AS minutes_between,
    groupArrayIf(20)(id, is_marked_too_early OR is_counted_twice) AS failing_ids,
    if(count() = 0, 'nothing to judge: no replayed record reached dedup', '') AS skip_reason
FROM by_key;

-- MUTATION: keys were marked before the events had succeeded
ALTER TABLE record_dispositions UPDATE disposition = 'quarantine', reason = 'duplicate_event'
WHERE replay = 1 AND disposition = 'accepted';

-- MUTATION: an event was accepted once more after its key had expired
INSERT INTO record_dispositions (
    source_topic, source_partition, source_offset, source_record_timestamp, event_id, disposition, dedup_key,
    ingestion_timestamp
)
SELECT
    source_topic,
    source_partition,
    source_offset + 1000000 AS source_offset,
    source_record_timestamp,
    event_id,
    disposition,
    dedup_key,
    ingestion_timestamp - INTERVAL 2 DAY AS ingestion_timestamp
FROM record_dispositions
WHERE replay = 1 AND disposition = 'accepted'
ORDER BY source_partition, source_offset
LIMIT 1;
