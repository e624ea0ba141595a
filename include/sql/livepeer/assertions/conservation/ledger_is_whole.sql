-- When this fails, the ledger itself cannot be trusted: the replay lost an acknowledgement, wrote a row twice, or
-- another client published to the run's topic. Every other check of this suite compares with the ledger.
-- LAYER: raw
-- RUNG: raw_complete

-- TEST: conservation_ledger_is_whole
WITH
ledger AS (
    SELECT sequence, source_partition, source_offset
    FROM replay_ledger
    WHERE source_topic = {input_topic:String}
),

gaps AS (
    SELECT
        source_partition,
        max(source_offset) - min(source_offset) + 1 - uniqExact(source_offset) AS missing_offsets
    FROM ledger
    GROUP BY source_partition
)

SELECT
    abs(toInt64(count()) - toInt64({published_records:UInt64}))
    + (count() - uniqExact(sequence))
    + (count() - uniqExact(source_partition, source_offset))
    + if(count() = 0, 0, toUInt64(max(sequence) + 1 - uniqExact(sequence)))
    + (SELECT sum(missing_offsets) FROM gaps) AS failed_rows,
    count() AS ledger_rows,
    {published_records:UInt64} AS published_records,
    count() - uniqExact(sequence) AS sequences_twice,
    count() - uniqExact(source_partition, source_offset) AS offsets_twice,
    if(count() = 0, 0, toUInt64(max(sequence) + 1 - uniqExact(sequence))) AS sequences_missing,
    (SELECT sum(missing_offsets) FROM gaps) AS offsets_missing
FROM ledger;

-- MUTATION: the replay forgets a record that it published
DELETE FROM replay_ledger
WHERE (source_partition, source_offset) = (
    SELECT source_partition, source_offset FROM stream_trace_events ORDER BY source_partition, source_offset LIMIT 1
);

-- MUTATION: the replay enters a record twice
INSERT INTO replay_ledger
SELECT * FROM replay_ledger
ORDER BY source_partition, source_offset
LIMIT 1;
