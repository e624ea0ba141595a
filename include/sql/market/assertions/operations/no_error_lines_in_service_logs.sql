-- When this fails, a service or the pipeline logged an error, even if every check of the data passes. Records that are
-- refused and requests that are tried again are warnings, so an error is never part of a run that succeeds.
-- LAYER: raw

-- TEST: no_error_lines_in_service_logs
SELECT
    count(*) FILTER (WHERE level IN ('ERROR', 'FATAL')) AS failed_rows,
    count(*) FILTER (WHERE level = 'READ') AS logs_read,
    count(*) FILTER (WHERE level = 'WARN') AS warnings,
    (array_agg(service || ':' || line_number || ' ' || left(text, 400)) FILTER (WHERE level IN ('ERROR', 'FATAL')))[:20]
        AS lines,
    CASE
        WHEN count(*) FILTER (WHERE level = 'READ') = 0
            THEN 'nothing to judge: no log of a service that this run started'
        ELSE ''
    END AS skip_reason
FROM service_log_lines;

-- MUTATION: the pipeline says that it failed
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES ('processor', 'ERROR', 999999, 'ERROR pipelines.market.main The tables cannot be looked at');

-- MUTATION: the database refuses an insert
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES ('postgres', 'ERROR', 999999, 'ERROR:  no partition of relation "trades_data" found for row');

-- MUTATION: a process of the server dies
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES ('postgres', 'FATAL', 999999, 'FATAL:  the database system is in recovery mode');
