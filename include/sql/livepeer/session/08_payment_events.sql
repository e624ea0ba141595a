-- Payments for the session's request, in any stream. They belong to the newest session of that request. A lookup that
-- gives neither the session id nor both of its halves lists related payments only: they do not prove that the session
-- exists.
-- LAYER: typed

-- QUERY: 08_payment_events
SELECT * EXCEPT (raw_json)
FROM payment_events
WHERE {request_id:String} != '' AND request_id = {request_id:String}
ORDER BY event_timestamp, source_partition, source_offset;
