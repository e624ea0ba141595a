-- When this fails, a run of the pipeline did not take every chunk through all stages, or does not say so: operators who
-- follow the log would take a broken load for a finished one. A run logs its start and its adapter; for each chunk what
-- was fetched, transformed, validated and stored, in this order; and its end.
-- LAYER: raw

-- TEST: stages_are_logged_in_order
WITH
lines AS (
    SELECT
        line_number,
        text,
        CASE
            WHEN text ~ 'Pipeline execution started for job: \S+$' THEN 'S'
            WHEN text ~ 'DatabentoAdapter initialized successfully$' THEN 'A'
            WHEN text ~ 'Fetched \d+ records from Databento API' THEN 'F'
            WHEN text ~ 'RuleEngine transformation completed: \d+ records processed$' THEN 'R'
            WHEN text ~ 'Validation completed: \d+ valid, \d+ quarantined$' THEN 'V'
            WHEN text ~ 'TimescaleLoader: \d+ records stored successfully' THEN 'L'
            -- What the program prints after its last line has no header, so it is part of that entry.
            WHEN text ~ '(?n)Pipeline execution completed successfully$' THEN 'C'
        END AS step
    FROM service_log_lines
    WHERE service = 'processor' AND level = 'KEPT'
),

steps AS (
    SELECT
        line_number,
        step,
        count(*) FILTER (WHERE step = 'S') OVER (ORDER BY line_number) AS run_number
    FROM lines
    WHERE step IS NOT NULL
),

runs AS (
    SELECT run_number, string_agg(step, '' ORDER BY line_number) AS logged FROM steps
    GROUP BY run_number
),

expected AS (
    SELECT generate_series AS run_number FROM generate_series(1, cardinality({requests_by_repetition:bigint[]}))
)

SELECT
    count(*) FILTER (WHERE coalesce(runs.logged !~ '^SA(FRVL)*C$', TRUE) OR expected.run_number IS NULL) AS failed_rows,
    count(*) AS runs_judged,
    array_agg(left(runs.logged, 200) ORDER BY run_number)
    FILTER (WHERE coalesce(runs.logged !~ '^SA(FRVL)*C$', TRUE)) AS wrong_orders,
    sum(length(runs.logged) - 3) / 4 AS chunks_logged,
    CASE
        WHEN NOT EXISTS (SELECT * FROM service_log_lines WHERE service = 'processor' AND level = 'READ')
            THEN 'nothing to judge: no log of a pipeline that this run started'
        ELSE ''
    END AS skip_reason
FROM expected
FULL JOIN runs USING (run_number);

-- MUTATION: a chunk is stored before it is validated
UPDATE service_log_lines
SET text = regexp_replace(text, 'Validation .*$', 'TimescaleLoader: 1 records stored successfully')
WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Validation completed';

-- MUTATION: a run ends without a word
DELETE FROM service_log_lines
WHERE (service, level, line_number) = (
    SELECT service, level, max(line_number) FROM service_log_lines
    WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'completed successfully'
    GROUP BY service, level
);

-- MUTATION: the log of the transformation is switched off
DELETE FROM service_log_lines WHERE text ~ 'RuleEngine transformation completed';

-- MUTATION: nothing is logged at all
DELETE FROM service_log_lines WHERE service = 'processor' AND level = 'KEPT';
