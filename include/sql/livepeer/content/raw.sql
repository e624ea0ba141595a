-- What arrived, and what became of it: Kafka position and time of writing are left out. An event that is delivered
-- twice is there twice. Of the headers, the run's own id is left out.

-- QUERY: streaming_events
SELECT
    * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp, headers),
    mapFilter((name, value) -> name != 'sp-run-id', headers) AS headers
FROM streaming_events;

-- QUERY: streaming_events_dlq
-- The details of a row that is too large hold its size, which counts the digits of its Kafka position.
SELECT
    * EXCEPT (source_topic, source_partition, source_offset, failure_details, ingestion_timestamp),
    if(failure_reason = 'record_too_large', '', failure_details) AS failure_details
FROM streaming_events_dlq;

-- QUERY: streaming_events_quarantine
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM streaming_events_quarantine;

-- QUERY: record_dispositions
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM record_dispositions;
