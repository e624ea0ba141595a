-- When this fails, the log says something else than the database: records disappeared between two stages of a chunk, or
-- the numbers that operators read are made up.
-- LAYER: raw

-- TEST: logged_numbers_agree
WITH
lines AS (
    SELECT
        line_number,
        text,
        count(*) FILTER (WHERE text ~ 'Fetched \d+ records') OVER (ORDER BY line_number) AS chunk_number
    FROM service_log_lines
    WHERE service = 'processor' AND level = 'KEPT'
),

chunks AS (
    SELECT
        max(substring(text FROM 'Fetched \d+ records from Databento API \((.*)\)$')) AS chunk_identifier,
        max(substring(text FROM 'Fetched (\d+) records')::bigint) AS fetched,
        max(substring(text FROM 'completed: (\d+) records processed')::bigint) AS transformed,
        max(substring(text FROM 'completed: (\d+) valid')::bigint) AS valid,
        max(substring(text FROM 'valid, (\d+) quarantined')::bigint) AS quarantined,
        max(substring(text FROM 'TimescaleLoader: (\d+) records')::bigint) AS stored
    FROM lines
    WHERE chunk_number > 0
    GROUP BY chunk_number
),

-- Several jobs may have loaded the same chunk.
recorded AS (
    SELECT
        chunk_identifier,
        max(records_served) AS records_served,
        max(records_processed) AS records_processed,
        max(records_quarantined) AS records_quarantined
    FROM download_progress
    GROUP BY chunk_identifier
)

SELECT
    count(*) FILTER (
        WHERE (
            chunks.fetched = recorded.records_served
            AND chunks.transformed = chunks.fetched
            AND chunks.valid = recorded.records_processed
            AND chunks.quarantined = recorded.records_quarantined
            AND chunks.stored = chunks.valid
        ) IS NOT TRUE
    ) AS failed_rows,
    count(*) AS chunks_judged,
    sum(chunks.fetched) AS records_logged,
    CASE
        WHEN NOT EXISTS (SELECT * FROM service_log_lines WHERE service = 'processor' AND level = 'READ')
            THEN 'nothing to judge: no log of a pipeline that this run started'
        WHEN count(*) = 0 THEN 'nothing to judge: no chunk was loaded'
        ELSE ''
    END AS skip_reason
FROM recorded
FULL JOIN chunks USING (chunk_identifier);

-- MUTATION: the log counts a record less than was stored
UPDATE service_log_lines SET text = regexp_replace(text, 'TimescaleLoader: \d+', 'TimescaleLoader: 0')
WHERE service = 'processor' AND level = 'KEPT';

-- MUTATION: a chunk is recorded that was never fetched
UPDATE download_progress SET chunk_identifier = chunk_identifier || '-again'
WHERE (job_id, chunk_identifier) = (
    SELECT job_id, chunk_identifier FROM download_progress ORDER BY job_id, chunk_identifier LIMIT 1
);

-- MUTATION: progress forgets what was quarantined
UPDATE download_progress SET records_quarantined = records_quarantined + 1, records_served = records_served + 1;
