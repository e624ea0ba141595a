-- What a session id contains; no table is read. The columns of the result are parameters of the other queries. `ids` is
-- `stream|request` as in the events, with a missing half blank. `event_pattern` finds the event of a session that has
-- neither half (an event without an id is identified by the hash of its bytes). It is blank for all other sessions.

-- QUERY: identity
WITH taken_apart AS (
    SELECT
        '_missing_stream|_missing_request|' AS nobody,
        startsWith({sid:String}, nobody) AS is_one_event,
        substring({sid:String}, length(nobody) + 1) AS event_id,
        replaceRegexpOne({sid:String}, '^_missing_stream[|]', '|') AS with_stream,
        replaceRegexpOne(with_stream, '[|]_missing_request$', '|') AS named
)

SELECT
    if(is_one_event, '|', named) AS ids,
    if(is_one_event, '', splitByChar('|', named)[-1]) AS request_id,
    multiIf(
        NOT is_one_event, '',
        event_id = '_missing_event', '^[0-9a-f]{64}$',
        concat('^', regexpQuoteMeta(event_id), '$')
    ) AS event_pattern
FROM taken_apart;
