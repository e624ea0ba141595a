-- When this fails, data that is loaded already is fetched and paid for again: the progress table does not keep the
-- pipeline from it. A run by force is meant to fetch everything, and does so with the same number of downloads.
-- LAYER: raw

-- TEST: later_runs_download_nothing
WITH
figures AS (
    SELECT
        row_number() OVER (ORDER BY line_number) AS run_number,
        substring(text FROM 'Figures: (\{.*\})$')::jsonb AS found
    FROM service_log_lines
    WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: \{.*\}$'
),

runs AS (
    SELECT
        run_number,
        (found ->> 'forced')::boolean AS forced,
        (found ->> 'downloads')::bigint AS downloads,
        (found ->> 'chunks')::bigint AS chunks,
        (found ->> 'skipped')::bigint AS skipped,
        first_value((found ->> 'chunks')::bigint) OVER (ORDER BY run_number) AS chunks_first,
        ({requests_by_repetition:bigint[]})[run_number] AS requests
    FROM figures
)

SELECT
    count(*) FILTER (
        WHERE CASE
            WHEN run_number = 1 OR forced THEN skipped <> 0 OR chunks <> chunks_first OR downloads < chunks
            ELSE downloads <> 0 OR chunks <> 0 OR skipped <> chunks_first OR requests <> 0
        END IS NOT FALSE
    )
    -- What the pipeline says it has downloaded is what progress has.
    + CASE WHEN sum(downloads) = (SELECT sum(download_progress.downloads) FROM download_progress) THEN 0 ELSE 1 END
        AS failed_rows,
    array_agg(downloads ORDER BY run_number) AS downloads_by_run,
    array_agg(requests ORDER BY run_number) AS requests_by_run,
    array_agg(skipped ORDER BY run_number) AS chunks_skipped_by_run,
    CASE
        WHEN NOT EXISTS (SELECT * FROM service_log_lines WHERE service = 'processor' AND level = 'READ')
            THEN 'nothing to judge: no log of a pipeline that this run started'
        WHEN NOT coalesce(bool_or(run_number > 1 AND NOT forced), FALSE)
            THEN 'nothing to judge: no later run that was not made by force'
        ELSE ''
    END AS skip_reason
FROM runs;

-- MUTATION: a later run fetches a chunk again
UPDATE service_log_lines
SET text = regexp_replace(text, '"downloads": 0', '"downloads": 1')
WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: ';

-- MUTATION: a later run skips less than the first one has loaded
UPDATE service_log_lines
SET text = regexp_replace(text, '"skipped": [1-9]\d*', '"skipped": 1')
WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: ';

-- MUTATION: a download is not recorded
UPDATE download_progress SET downloads = downloads - 1
WHERE (job_id, chunk_identifier) = (
    SELECT job_id, chunk_identifier FROM download_progress ORDER BY job_id, chunk_identifier LIMIT 1
);
