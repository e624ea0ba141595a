-- Records by disposition and by the type that the fixture states, because the processor cannot know the type of a
-- record that it could not read.

-- QUERY: dispositions
SELECT dispositions.disposition AS disposition, ledger.event_type AS event_type, count() AS records
FROM record_dispositions AS dispositions
INNER JOIN replay_ledger AS ledger
    ON
        dispositions.source_topic = ledger.source_topic
        AND dispositions.source_partition = ledger.source_partition
        AND dispositions.source_offset = ledger.source_offset
WHERE dispositions.source_topic = {input_topic:String}
GROUP BY disposition, event_type
ORDER BY disposition, event_type;
