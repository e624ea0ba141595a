-- The sessions whose ids are most similar to one that does not exist: ids that contain it first, then ids with a typing
-- error.

-- QUERY: nearest
SELECT DISTINCT workflow_session_id
FROM fact_workflow_sessions
ORDER BY
    position(lower(workflow_session_id), lower({sid:String})) = 0,
    ngramDistanceCaseInsensitive(workflow_session_id, {sid:String}),
    workflow_session_id
LIMIT 5;
