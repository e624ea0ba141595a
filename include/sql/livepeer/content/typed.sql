-- The content of the typed tables, however it was written: Kafka position and time of writing are left out. Processing
-- the same events in two ways (another order, a restart, a second delivery) must give the same rows, each equally
-- often. Capability tables are read as a merge would leave them.

-- QUERY: ai_stream_status
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM ai_stream_status;

-- QUERY: stream_trace_events
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM stream_trace_events;

-- QUERY: ai_stream_events
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM ai_stream_events;

-- QUERY: stream_ingest_metrics
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM stream_ingest_metrics;

-- QUERY: network_capabilities
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM network_capabilities FINAL;

-- QUERY: network_capabilities_advertised
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM network_capabilities_advertised FINAL;

-- QUERY: network_capabilities_model_constraints
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM network_capabilities_model_constraints FINAL;

-- QUERY: network_capabilities_prices
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM network_capabilities_prices FINAL;

-- QUERY: discovery_results
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM discovery_results;

-- QUERY: payment_events
SELECT * EXCEPT (source_topic, source_partition, source_offset, ingestion_timestamp)
FROM payment_events;
