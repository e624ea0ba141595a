-- What was published for the session, and what the processor did with each record: the rows that it reports as written,
-- or the reason why there are none. A capability record that several sessions share is published, and listed, only for
-- the first of them. A production warehouse does not have these tables.
-- LAYER: raw

-- QUERY: 03_dispositions
SELECT
    published.sequence AS sequence,
    published.event_timestamp AS event_timestamp,
    published.event_type AS event_type,
    disposed.disposition AS disposition,
    published.expected_disposition AS expected_disposition,
    disposed.failure_class AS failure_class,
    disposed.reason AS reason,
    disposed.rows_written AS rows_written,
    published.event_id AS event_id,
    published.value_kind AS value_kind,
    published.source_topic AS source_topic,
    published.source_partition AS source_partition,
    published.source_offset AS source_offset,
    published.scenario AS scenario
FROM replay_ledger AS published
LEFT JOIN record_dispositions AS disposed
    ON
        published.source_topic = disposed.source_topic
        AND published.source_partition = disposed.source_partition
        AND published.source_offset = disposed.source_offset
WHERE published.workflow_session_id = {sid:String}
ORDER BY sequence;
