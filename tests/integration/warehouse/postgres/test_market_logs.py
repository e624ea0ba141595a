"""Pack `market` lets through what TimescaleDB says of its own workers, and nothing else."""

from __future__ import annotations

from pathlib import Path

from streamproof.checks.assertions import run_check
from streamproof.checks.service_logs import read_log, write_log_lines
from streamproof.model.results import Status
from streamproof.sql.blocks import read_blocks

SQL = Path(__file__).resolve().parents[4] / "include/sql/market"
(CHECK,) = read_blocks(SQL / "assertions/operations/no_error_lines_in_service_logs.sql")
HEADER = "2026-11-30 04:34:04.595 UTC [54] "
LICENSE = (
    'ERROR:  functionality not supported under the current "apache" license. Learn more at https://timescale.com/.'
)
ALLOWED = [
    '(TimescaleDB Background Worker Scheduler for database 1) ERROR:  background worker "TimescaleDB Background Worker '
    'Scheduler for database 1" trying to connect to template database, exiting',
    '(TimescaleDB Background Worker Launcher) FATAL:  terminating background worker "TimescaleDB Background Worker '
    'Launcher" due to administrator command',
    f"(Job History Log Retention Policy [3]) {LICENSE}",
    '(Job History Log Retention Policy [3]) FATAL:  terminating background worker "Job History Log Retention Policy '
    '[3]" due to administrator command',
    "(autovacuum worker) FATAL:  terminating autovacuum process due to administrator command",
]
LOCAL_AUTOVACUUM = "FATAL:  terminating autovacuum process due to administrator command"
NOT_ALLOWED = [
    f"(client backend) {LICENSE}",
    f"(Columnstore Policy [1000]) {LICENSE}",
    LICENSE,
    '(Columnstore Policy [1000]) FATAL:  terminating background worker "Columnstore Policy [1000]" due to '
    "administrator command",
    '(parallel worker) FATAL:  terminating background worker "parallel worker" due to administrator command',
    "(client backend) FATAL:  terminating connection due to administrator command",
    '(pg_cron) FATAL:  terminating background worker "pg_cron" due to administrator command',
    "(Job History Log Retention Policy [3]) ERROR:  could not write block 3: No space left on device",
    '(client backend) ERROR:  relation "trades_data" does not exist at character 15',
]


def test_only_what_its_workers_say_is_let_through_and_of_its_service_only(empty):
    empty.apply_schema(SQL / "schema", feed=None, retention=False)

    def judged(service, lines):
        empty.script("TRUNCATE service_log_lines", "empty")
        write_log_lines(empty, [read_log(service, [HEADER + line for line in lines])])
        return run_check(empty, CHECK, {}, suite="operations")

    result = judged("timescaledb", ALLOWED)
    assert (result.status, result.diagnostics["errors_allowed"]) == (Status.PASSED, len(ALLOWED))
    assert judged("postgres", ALLOWED[:-1]).failed_rows == len(ALLOWED) - 1
    assert judged("postgres", [LOCAL_AUTOVACUUM]).diagnostics["errors_allowed"] == 1
    assert judged("processor", ALLOWED).failed_rows == len(ALLOWED)
    for line in NOT_ALLOWED:
        assert judged("timescaledb", [*ALLOWED, line]).failed_rows == 1, line
    with empty.client.writing() as session:
        reasons = session.execute("SELECT reason FROM service_log_allowances").fetchall()
    assert all(len(reason) > 20 for (reason,) in reasons)
