-- The sessions whose id looks most like one that is not there: part of an id first, then a slip of the pen.

-- QUERY: nearest
SELECT DISTINCT workflow_session_id
FROM fact_workflow_sessions
ORDER BY
    position(lower(workflow_session_id), lower({sid:String})) = 0,
    ngramDistanceCaseInsensitive(workflow_session_id, {sid:String}),
    workflow_session_id
LIMIT 5;
