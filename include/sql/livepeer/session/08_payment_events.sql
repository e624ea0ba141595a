-- Payments for the session's request, whatever its stream: they count for the newest session of that request. A query
-- that asks neither for the id nor for both its halves shows what is near the session and does not prove it exists.
-- LAYER: typed

-- QUERY: 08_payment_events
SELECT * EXCEPT (raw_json)
FROM payment_events
WHERE {request_id:String} != '' AND request_id = {request_id:String}
ORDER BY event_timestamp, source_partition, source_offset;
