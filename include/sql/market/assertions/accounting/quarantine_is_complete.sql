-- When this fails, a record was refused and nobody can tell which one or why, or an entry belongs to no loaded chunk.
-- LAYER: raw

-- TEST: quarantine_is_complete
WITH
chunks AS (
    SELECT chunk_identifier, max(records_quarantined) AS promised FROM download_progress
    GROUP BY chunk_identifier
),

entries AS (
    SELECT
        chunk_identifier,
        count(*) FILTER (WHERE position >= 0) AS found,
        count(*) FILTER (WHERE message = '' OR rule = '' OR record = '{}') AS without_context
    FROM quarantined_records
    GROUP BY chunk_identifier
)

SELECT
    count(*) FILTER (
        WHERE coalesce(promised, 0) <> coalesce(found, 0) OR promised IS NULL OR coalesce(without_context, 0) > 0
    ) AS failed_rows,
    coalesce(sum(found), 0) AS entries_found,
    CASE WHEN count(*) = 0 THEN 'nothing to judge: no chunk was loaded' ELSE '' END AS skip_reason
FROM chunks
FULL JOIN entries USING (chunk_identifier);

-- MUTATION: an entry from nowhere
INSERT INTO quarantined_records (chunk_identifier, position, job_id, dataset, schema_name, stage, rule, message, record)
VALUES ('nowhere', 0, 'x', 'x', 'trades', 'validation', 'x', 'x', '{"x": 1}');

-- MUTATION: a refused record leaves no entry
UPDATE download_progress SET records_quarantined = records_quarantined + 1, records_served = records_served + 1;
