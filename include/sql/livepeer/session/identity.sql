-- What a session id says by itself; no table is read. The answer's columns are parameters of the other queries:
-- `ids` is `stream|request` as the events hold them, with a missing half blank; `event_pattern` narrows a session
-- without both halves to its event (an event without an id is known by the hash of its bytes) and is blank else.

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
