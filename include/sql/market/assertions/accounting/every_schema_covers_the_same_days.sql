-- When this fails, a chunk was skipped: the chunks of a schema do not fill the range that the job requested.
-- LAYER: raw

-- TEST: every_schema_covers_the_same_days
WITH
chunks AS (
    SELECT
        job_id,
        -- What was asked for: the name of a chunk without its time.
        regexp_replace(chunk_identifier, '/[^/]*$', '') AS request,
        range_start,
        range_end,
        requested_start,
        requested_end
    FROM download_progress
),

-- A job whose days have changed since has chunks of both ranges.
loaded AS (
    SELECT job_id, request, range_agg(tstzrange(range_start, range_end)) AS ranges FROM chunks
    GROUP BY job_id, request
),

requests AS (
    SELECT DISTINCT job_id, request, NOT ranges @> tstzrange(requested_start, requested_end) AS differs
    FROM chunks
    INNER JOIN loaded USING (job_id, request)
)

SELECT
    count(*) FILTER (WHERE differs) AS failed_rows,
    count(*) AS requests_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no chunk was loaded' ELSE '' END AS skip_reason
FROM requests;

-- MUTATION: the first chunk of the trades is skipped
DELETE FROM download_progress
WHERE schema_name = 'trades' AND range_start = (SELECT min(range_start) FROM download_progress);
