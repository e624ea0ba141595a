-- The events whose ids are most similar to one that does not exist: ids that contain it first, then ids with a typing
-- error.

-- QUERY: nearest
SELECT DISTINCT event_uid
FROM streaming_events
ORDER BY
    position(lower(event_uid), lower({event:String})) = 0,
    ngramDistanceCaseInsensitive(event_uid, {event:String}),
    event_uid
LIMIT 5;
