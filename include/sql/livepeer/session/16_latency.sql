-- How long the session's startup took, in milliseconds. A flag of 0 means that the interval is unknown.
-- LAYER: sessions

-- QUERY: 16_latency
SELECT *
FROM v_latest_latency_samples
WHERE workflow_session_id = {sid:String}
ORDER BY sample_ts;
