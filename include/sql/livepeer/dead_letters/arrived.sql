-- How many of the replayed records the pipeline has finished with: each is in raw, and has its disposition, which the
-- processor writes after the rows that it names.

-- QUERY: arrived
WITH sent AS (
    SELECT source_topic, source_partition, source_offset
    FROM streaming_events
    WHERE source_topic = {input_topic:String} AND headers['sp-run-id'] = {replay_id:String}
)

SELECT
    'raw rows' AS what,
    uniqExact(source_partition, source_offset) AS present,
    {replayed:UInt64} AS expected
FROM sent
UNION ALL
SELECT 'dispositions' AS what, uniqExact(source_partition, source_offset) AS present, {replayed:UInt64} AS expected
FROM record_dispositions
WHERE (source_topic, source_partition, source_offset) IN (SELECT * FROM sent);
