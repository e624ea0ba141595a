-- When this fails, a service or the pipeline logged an error, even if every check of the data passes. Records that are
-- refused and requests that are tried again are warnings, so an error is never part of a run that succeeds. Errors that
-- do not concern the pipeline are listed, with the reason, in service_log_allowances.
-- LAYER: raw

-- TEST: no_error_lines_in_service_logs
WITH
judged AS (
    SELECT
        service,
        level,
        line_number,
        text,
        level IN ('ERROR', 'FATAL') AS is_error,
        (
            SELECT bool_or(line.text ~ allowance.pattern)
            FROM service_log_allowances AS allowance
            WHERE allowance.service = line.service
        ) IS TRUE AS is_allowed
    FROM service_log_lines AS line
)

SELECT
    count(*) FILTER (WHERE is_error AND NOT is_allowed) AS failed_rows,
    count(*) FILTER (WHERE level = 'READ') AS logs_read,
    count(*) FILTER (WHERE level = 'WARN') AS warnings,
    count(*) FILTER (WHERE is_error AND is_allowed) AS errors_allowed,
    (
        array_agg(service || ':' || line_number || ' ' || left(text, 400) ORDER BY service, line_number)
        FILTER (WHERE is_error AND NOT is_allowed)
    )[:20] AS lines,
    CASE
        WHEN count(*) FILTER (WHERE level = 'READ') = 0
            THEN 'nothing to judge: no log of a service that this run started'
        ELSE ''
    END AS skip_reason
FROM judged;

-- MUTATION: the pipeline says that it failed
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES ('processor', 'ERROR', 999999, 'ERROR pipelines.market.main The tables cannot be looked at');

-- MUTATION: the database refuses an insert
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES ('postgres', 'ERROR', 999999, 'ERROR:  no partition of relation "trades_data" found for row');

-- MUTATION: a process of the server dies
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES ('postgres', 'FATAL', 999999, 'FATAL:  the database system is in recovery mode');

-- MUTATION: TimescaleDB refuses the pipeline what it refuses its own job, too
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES (
    'timescaledb',
    'ERROR',
    999999,
    'UTC [1] (client backend) ERROR:  functionality not supported under the current "apache" license.'
);

-- MUTATION: the server ends a session of the pipeline as it ends its workers
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES (
    'timescaledb',
    'FATAL',
    999999,
    'UTC [1] (client backend) FATAL:  terminating connection due to administrator command'
);
