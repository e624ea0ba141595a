-- What the processor did with each record of the event: the rows that it reports as written, or the reason why there
-- are none. A production warehouse does not have this table.
-- LAYER: raw

-- QUERY: 03_dispositions
SELECT *
FROM record_dispositions
WHERE
    event_id = {event:String}
    OR (source_topic, source_partition, source_offset) IN (
        SELECT raw.source_topic, raw.source_partition, raw.source_offset
        FROM streaming_events AS raw
        WHERE raw.event_uid = {event:String}
    )
ORDER BY source_topic, source_partition, source_offset;
