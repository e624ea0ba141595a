-- Silver transport statistics of the ingest leg.
-- LAYER: silver

-- QUERY: 11_fact_stream_ingest_samples
SELECT *
FROM fact_stream_ingest_samples
WHERE workflow_session_id = {sid:String}
ORDER BY sample_ts, source_partition, source_offset;
