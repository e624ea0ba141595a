-- The newest rows of the stateful facts. Versions are left out, because the number of revisions of a row does not
-- matter.

-- QUERY: v_latest_sessions
SELECT * EXCEPT (version, ingestion_timestamp)
FROM v_latest_sessions;

-- QUERY: v_latest_segments
SELECT * EXCEPT (version, ingestion_timestamp)
FROM v_latest_segments;

-- QUERY: v_latest_param_updates
SELECT * EXCEPT (version, ingestion_timestamp)
FROM v_latest_param_updates;

-- QUERY: v_latest_edge_coverage
SELECT * EXCEPT (version, ingestion_timestamp)
FROM v_latest_edge_coverage;

-- QUERY: v_latest_latency_samples
SELECT * EXCEPT (version, ingestion_timestamp)
FROM v_latest_latency_samples;

-- QUERY: v_api_session_identity
SELECT * EXCEPT (latest_version)
FROM v_api_session_identity;
