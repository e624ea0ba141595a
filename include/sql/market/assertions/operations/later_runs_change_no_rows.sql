-- When this fails, the pipeline is not idempotent: the first run stores N rows, and a later one with the same request
-- must change none, whether it skips what is loaded or loads it again by force. The contents of the tables after each
-- run are compared by check repetitions_change_nothing.
-- LAYER: typed

-- TEST: later_runs_change_no_rows
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
        (found ->> 'changed')::bigint AS changed,
        (found ->> 'stored')::bigint AS stored,
        first_value((found ->> 'stored')::bigint) OVER (ORDER BY run_number) AS stored_first
    FROM figures
),

-- Every row of a table is one that the first run has stored.
total AS (
    SELECT
        (SELECT count(*) FROM trades_data) + (SELECT count(*) FROM tbbo_data) + (SELECT count(*) FROM statistics_data)
        + (SELECT count(*) FROM definitions_data) + (SELECT count(*) FROM daily_ohlcv_data) AS table_rows
)

SELECT
    count(*) FILTER (
        WHERE CASE
            WHEN runs.run_number = 1 THEN runs.changed <> total.table_rows OR runs.stored <> total.table_rows
            ELSE runs.changed <> 0 OR runs.stored <> CASE WHEN runs.forced THEN runs.stored_first ELSE 0 END
        END IS NOT FALSE
    ) + abs(cardinality({requests_by_repetition:bigint[]}) - count(*)) AS failed_rows,
    array_agg(runs.changed ORDER BY runs.run_number) AS rows_changed_by_run,
    count(*) FILTER (WHERE runs.run_number > 1 AND runs.forced) AS later_runs_by_force,
    CASE
        WHEN NOT EXISTS (SELECT * FROM service_log_lines WHERE service = 'processor' AND level = 'READ')
            THEN 'nothing to judge: no log of a pipeline that this run started'
        ELSE ''
    END AS skip_reason
FROM runs
CROSS JOIN total;

-- MUTATION: a later run stores a row under another key
UPDATE service_log_lines SET text = regexp_replace(text, '"changed": 0', '"changed": 1')
WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: ';

-- MUTATION: the table has a row more than the first run has stored
INSERT INTO trades_data SELECT
    (
        jsonb_populate_record(
            trades_data, jsonb_build_object('ordinal', 1000000)
        )
    ).*
FROM trades_data
ORDER BY ts_event, instrument_id, sequence, ordinal
LIMIT 1;

-- MUTATION: a run leaves no figures
DELETE FROM service_log_lines WHERE (service, level, line_number) = (
    SELECT service, level, max(line_number) FROM service_log_lines
    WHERE service = 'processor' AND level = 'KEPT' AND text ~ 'Figures: '
    GROUP BY service, level
);
