-- When this fails, the pipeline has become several times slower or larger. The story allows 300 s, 1,000 records a
-- second and 1 GB for 400,000 records, which would never fail here. These limits leave room for a busy machine with
-- two cores, where the shipped sets took 6 s and 156 MiB: 60 s, and a second more for each 2,000 records (of which
-- downloads may take 30 s, and a second more for each 10,000); 512 MiB, because memory is bounded by a chunk and not
-- by a job.
-- LAYER: raw

-- TEST: figures_are_within_limits
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
        (found ->> 'served')::numeric AS served,
        (found ->> 'seconds')::numeric AS seconds,
        (found ->> 'fetch_seconds')::numeric AS fetch_seconds,
        -- What the program says of itself, and what the run has seen of it.
        greatest((found ->> 'peak_rss_bytes')::bigint, ({peak_rss_bytes_by_repetition:bigint[]})[run_number]) AS peak
    FROM figures
)

SELECT
    count(*) FILTER (
        WHERE (
            seconds <= 60 + served / 2000 AND fetch_seconds <= 30 + served / 10000 AND peak <= 512 * 1024 * 1024
        ) IS NOT TRUE
    ) + abs(cardinality({peak_rss_bytes_by_repetition:bigint[]}) - count(*)) AS failed_rows,
    array_agg(seconds ORDER BY run_number) AS seconds_by_run,
    array_agg(fetch_seconds ORDER BY run_number) AS fetch_seconds_by_run,
    array_agg(round(served / nullif(seconds, 0)) ORDER BY run_number) AS records_per_second_by_run,
    array_agg(peak / 1024 / 1024 ORDER BY run_number) AS peak_mib_by_run,
    CASE
        WHEN NOT EXISTS (SELECT * FROM service_log_lines WHERE service = 'processor' AND level = 'READ')
            THEN 'nothing to judge: no log of a pipeline that this run started'
        ELSE ''
    END AS skip_reason
FROM runs;

-- MUTATION: a run takes hours
UPDATE service_log_lines SET text = regexp_replace(text, '"seconds": ', '"seconds": 99999')
WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: ';

-- MUTATION: downloads stall
UPDATE service_log_lines SET text = regexp_replace(text, '"fetch_seconds": ', '"fetch_seconds": 99999')
WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: ';

-- MUTATION: a chunk is held in memory as a whole
UPDATE service_log_lines SET text = regexp_replace(text, '"peak_rss_bytes": ', '"peak_rss_bytes": 9')
WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: ';
