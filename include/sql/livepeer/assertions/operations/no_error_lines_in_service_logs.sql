-- When this fails, a service of the run logged an error, even if every check of the data passes: an insert was refused
-- and retried, a broker lost its disk, the processor hit a bug and continued. The next time such an error may lose
-- data. Errors that do not concern the pipeline are listed, with the reason, in service_log_allowances.
-- LAYER: raw

-- TEST: no_error_lines_in_service_logs
WITH
allowances AS (
    SELECT groupArray((service, pattern)) AS rules
    FROM service_log_allowances
),

judged AS (
    SELECT
        service,
        level,
        line_number,
        text,
        level IN ('ERROR', 'FATAL') AS is_error,
        is_error AND arrayExists(
            rule -> rule.1 = service AND match(text, rule.2), (SELECT rules FROM allowances)
        ) AS is_allowed
    FROM service_log_lines FINAL
)

SELECT
    countIf(is_error AND NOT is_allowed) AS failed_rows,
    countIf(level = 'READ') AS logs_read,
    sumIf(toUInt64OrZero(text), level = 'READ') AS lines_read,
    countIf(level = 'WARN') AS warnings,
    countIf(is_allowed) AS errors_allowed,
    groupArrayIf(20)((service, level, line_number, left(text, 400)), is_error AND NOT is_allowed)
        AS service_level_line_text,
    if(logs_read = 0, 'nothing to judge: no log of a service that this run started', '') AS skip_reason
FROM judged;

-- MUTATION: the processor says that it failed
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES ('processor', 'ERROR', 999999, 'ERROR pipelines.livepeer.local the warehouse refused a batch');

-- MUTATION: the warehouse refuses an insert
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES
(
    'clickhouse',
    'ERROR',
    999999,
    '<Error> executeQuery: Code: 27. DB::Exception: Cannot parse input. (in query: INSERT INTO fact_workflow_sessions'
);

-- MUTATION: a broker cannot go on
INSERT INTO service_log_lines (service, level, line_number, text)
VALUES ('kafka', 'FATAL', 999999, 'FATAL Exiting Kafka due to fatal exception (kafka.Kafka$)');
