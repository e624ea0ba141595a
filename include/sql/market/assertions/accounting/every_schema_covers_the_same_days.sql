-- When this fails, a chunk was skipped: a schema of a data set was fetched for other days than the others of the job.
-- LAYER: raw

-- TEST: every_schema_covers_the_same_days
WITH
coverage AS (
    SELECT
        job_id,
        dataset,
        symbols,
        schema_name,
        (min(range_start), max(range_end), sum(range_end - range_start)) AS span,
        sum(range_end - range_start) <> max(range_end) - min(range_start) AS has_a_gap
    FROM download_progress
    GROUP BY job_id, dataset, symbols, schema_name
),

requests AS (
    SELECT count(DISTINCT span) > 1 OR bool_or(has_a_gap) AS differs FROM coverage
    GROUP BY job_id, dataset, symbols
)

SELECT
    count(*) FILTER (WHERE differs) AS failed_rows,
    count(*) AS requests_judged,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no chunk was loaded' ELSE '' END AS skip_reason
FROM requests;

-- MUTATION: the first chunk of the trades is skipped
DELETE FROM download_progress
WHERE schema_name = 'trades' AND range_start = (SELECT min(range_start) FROM download_progress);
