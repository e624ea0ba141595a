-- When this fails, a chunk was skipped: the chunks of a schema do not fill the range that the job requested.
-- LAYER: raw

-- TEST: every_schema_covers_the_same_days
WITH requests AS (
    SELECT sum(range_end - range_start) <> requested_end - requested_start AS differs
    FROM download_progress
    GROUP BY job_id, dataset, symbols, schema_name, requested_start, requested_end
)

SELECT
    count(*) FILTER (WHERE differs) AS failed_rows,
    count(*) AS requests_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no chunk was loaded' ELSE '' END AS skip_reason
FROM requests;

-- MUTATION: the first chunk of the trades is skipped
DELETE FROM download_progress
WHERE schema_name = 'trades' AND range_start = (SELECT min(range_start) FROM download_progress);
