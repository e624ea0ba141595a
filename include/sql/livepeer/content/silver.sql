-- The silver rows: one per accepted core record, written once. Kafka position and time of writing are left out.

-- QUERY: fact_stream_status_samples
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM fact_stream_status_samples;

-- QUERY: fact_stream_trace_edges
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM fact_stream_trace_edges;

-- QUERY: fact_stream_ingest_samples
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM fact_stream_ingest_samples;
