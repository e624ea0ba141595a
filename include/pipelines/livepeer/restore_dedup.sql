-- The keys of accepted records that are younger than the dedup lifetime, oldest first.
-- Records at or after a partition's start offset are about to be processed (again): they must not find themselves.
WITH indexOf({partitions:Array(String)}, concat(source_topic, '/', toString(source_partition))) AS start_index
SELECT
    source_topic,
    dedup_key,
    toUnixTimestamp64Milli(ingestion_timestamp) AS first_seen_ms
FROM record_dispositions
WHERE disposition = 'accepted'
  AND source_topic IN {topics:Array(String)}
  AND ingestion_timestamp > fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
  AND (start_index = 0 OR source_offset < {starts:Array(UInt64)}[start_index])
ORDER BY first_seen_ms
FORMAT JSONCompactEachRow
