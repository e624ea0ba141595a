-- When this fails, a record was refused and nobody can tell which one or why, or an entry belongs to no loaded chunk.
-- LAYER: raw

-- TEST: quarantine_is_complete
WITH
-- Each load of a chunk replaces its entries, whichever job loads it.
chunks AS (
    SELECT DISTINCT ON (chunk_identifier) chunk_identifier, records_quarantined AS promised
    FROM download_progress
    ORDER BY chunk_identifier ASC, updated_at DESC, job_id ASC
),

entries AS (
    SELECT
        chunk_identifier,
        count(*) FILTER (WHERE position >= 0) AS found,
        count(*) FILTER (
            WHERE
            message = '' OR rule = '' OR record = '{}' OR dataset = '' OR schema_name = '' OR job_id = ''
            -- A record that no model fits has its bytes; another one has its instrument, and its symbol if known.
            OR CASE
                WHEN position < 0 THEN symbol IS NULL
                WHEN stage = 'extraction' THEN coalesce(record ->> 'bytes', '') = ''
                ELSE instrument_id IS NULL OR (symbol IS NULL AND rule <> 'unknown_symbol' AND stage = 'validation')
            END
        ) AS without_context
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

-- MUTATION: an entry says neither instrument nor symbol
WITH promised AS (
    UPDATE download_progress SET records_quarantined = records_quarantined + 1, records_served = records_served + 1
    WHERE (job_id, chunk_identifier) = (
        SELECT job_id, chunk_identifier FROM download_progress ORDER BY job_id, chunk_identifier LIMIT 1
    )
    RETURNING job_id, chunk_identifier, dataset, schema_name
)

INSERT INTO quarantined_records (job_id, chunk_identifier, dataset, schema_name, position, stage, rule, message, record)
SELECT
    promised.*,
    999999,
    'validation',
    'price_sign',
    'x',
    '{"x": 1}'
FROM promised;

-- MUTATION: a symbol that is not known is not named
INSERT INTO quarantined_records (chunk_identifier, position, job_id, dataset, schema_name, stage, rule, message, record)
SELECT
    min(chunk_identifier),
    -999,
    'x',
    'x',
    'trades',
    'extraction',
    'unresolved_symbol',
    'x',
    '{"x": 1}'
FROM download_progress;
