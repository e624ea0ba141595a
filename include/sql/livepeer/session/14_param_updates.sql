-- Requests to change the running stream's parameters.
-- LAYER: sessions

-- QUERY: 14_param_updates
SELECT *
FROM v_latest_param_updates
WHERE workflow_session_id = {sid:String}
ORDER BY update_ts, source_event_uid;
