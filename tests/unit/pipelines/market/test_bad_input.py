from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streamproof.model.waiting import Probe, wait_until

from .faults import RANGE

INCLUDE = Path(__file__).parents[4] / "include"


@pytest.fixture
def clean(market):
    """The surroundings; at the end, nothing has been fetched or stored."""
    yield market
    assert market.gateway.requests[RANGE] == 0
    assert market.value("SELECT (SELECT count(*) FROM trades_data) + (SELECT count(*) FROM download_progress)") == 0


def one_error(market, *texts: str) -> None:
    """Require one line of an error with these texts, and no traceback."""
    lines = [line for line in market.errors.splitlines() if " ERROR " in line]
    assert len(lines) == 1 and "Traceback" not in market.errors, market.errors
    for text in texts:
        assert text in lines[0]


@pytest.mark.parametrize("key", ["", "  "])
def test_no_key(clean, key):
    clean.run_trades(code=2, DATABENTO_API_KEY=key)
    one_error(clean, "There is no API key.", "DATABENTO_API_KEY")


def test_a_wrong_key(clean):
    clean.run_trades(code=2, DATABENTO_API_KEY="db-not-this-one-0123456789abcdef")
    one_error(clean, "401", "Check DATABENTO_API_KEY.")


def request(**changes: str) -> list[str]:
    options = {
        "dataset": "GLBX.MDP3", "schema": "trades", "symbols": "ES.c.0", "start-date": "2024-01-15",
        "end-date": "2024-01-16",
    } | {name.replace("_", "-"): value for name, value in changes.items()}  # fmt: skip
    return [part for name, value in options.items() if value for part in (f"--{name}", value)]


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ({"dataset": "NOPE.NOPE"}, ["422", "NOPE.NOPE", "Check the data set"]),
        ({"symbols": "NOSUCH.c.0"}, ["422", "NOSUCH.c.0", "Check the data set"]),
        ({"symbols": "ES.c.0,AAPL"}, ["written in different ways", "symbol_type"]),
        ({"symbols": "ES.c.0,ES.c.0"}, ["named twice"]),
        ({"symbols": " ,"}, ["blank"]),
        ({"start_date": "2024-01-17"}, ["start_date 2024-01-17 is after end_date 2024-01-16"]),
        ({"start_date": "2024-13-40"}, ["start_date"]),
        ({"start_date": "2020-01-01", "end_date": "2020-01-02"}, ["has no data", "Its data is from 2024-01-15"]),
        ({"start_date": "2030-01-01", "end_date": "2030-01-02"}, ["has no data", "to 2024-01-17"]),
        ({"end_date": ""}, ["--end-date must be given"]),
        ({"job": "golden"}, ["--job and --dataset exclude each other"]),
        ({"chunk_hours": "5"}, ["chunk_hours"]),
    ],
)  # fmt: skip
def test_a_wrong_request(clean, changes, texts):
    clean.run(*request(**changes), code=2)
    one_error(clean, *texts)


def test_days_that_the_service_does_not_have_are_left_out_and_named(market):
    totals = market.run("--job", "definition_test")
    assert (totals["chunks"], totals["absent"], totals["skipped"]) == (2, 29, 0)
    warnings = [line for line in market.errors.splitlines() if " WARNING " in line]
    assert len(warnings) == 1, warnings
    assert "GLBX.MDP3 has no data from 2024-01-01 to 2024-01-15 and from 2024-01-17 to 2024-02-01." in warnings[0]
    assert "Its data is from 2024-01-15 to 2024-01-17." in warnings[0]
    # They stay to be done, and what is loaded fills the range that is recorded as requested.
    ranges = "SELECT DISTINCT (tstzrange(requested_start, requested_end) = %s::tstzrange) FROM download_progress"
    assert market.rows(ranges % "'[2024-01-15 00:00+00,2024-01-17 00:00+00)'") == [(True,)]
    again = market.run("--job", "definition_test")
    assert (again["chunks"], again["absent"], again["skipped"]) == (0, 29, 2)


def test_a_range_without_a_record(clean):
    clean.gateway.fault = lambda path, number, app, scope, receive, send: (
        _number(send, b"0") if path == "metadata.get_record_count" else None
    )
    clean.run(*request(), code=2)
    one_error(clean, "The range holds no record.")


async def _number(send, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("jobs: {a: {requests: [], retries: 3}}", ["jobs.a"]),
        ("jobs: {a: {requests: [{dataset: X, symbols: [A], schemas: [trades], start_date: 2024-01-15,"
         " end_date: 2024-01-16, sybmols: [B]}]}}", ["sybmols", "Keys of a request: dataset, symbols"]),
        ("jobs: {a: {requests: [{dataset: X, symbols: [A], schemas: [trade], start_date: 2024-01-15,"
         " end_date: 2024-01-16}]}}", ["schemas"]),
        ("jobs: [", ["is no YAML"]),
        ("- a", ["wrong at the whole"]),
        ("jobs: {b: {requests: [{dataset: X, symbols: [A], schemas: [trades], start_date: 2024-01-15,"
         " end_date: 2024-01-16}]}}", ["There is no job 'a'", "There are: b."]),
        (None, ["cannot be read"]),
    ],
)  # fmt: skip
def test_a_wrong_job_file(clean, text, texts):
    file = clean.folder / "jobs.yaml"
    if text is not None:
        file.write_text(text)
    clean.run("--job", "a", "--config", str(file), code=2)
    one_error(clean, *texts)


def test_a_job_that_the_shipped_files_do_not_have(clean):
    clean.run("--job", "nope", code=2)
    one_error(clean, "There is no job 'nope'", "e2e_small_sample")


@pytest.mark.parametrize(
    ("name", "value"), [("MARKET_ATTEMPTS", "0"), ("MARKET_ATTEMPTS", "2.5"), ("MARKET_BACKOFF_SECONDS", "x")]
)
def test_a_setting_that_cannot_be_used(clean, name, value):
    clean.run_trades(code=2, **{name: value})
    one_error(clean, name, value)


def test_the_gateway_is_away(clean):
    clean.run_trades(code=1, DATABENTO_GATEWAY="https://127.0.0.1:9")
    one_error(clean, "the gateway does not answer", "It was tried 3 times.")


def test_the_certificate_of_the_gateway_is_not_trusted(clean, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    clean.run_trades(code=1)
    one_error(clean, "is not trusted", "REQUESTS_CA_BUNDLE")


def test_postgresql_is_away(clean, monkeypatch):
    monkeypatch.setenv("PGPORT", "9")
    clean.run_trades(code=1)
    one_error(clean, "PostgreSQL cannot be reached", "PGHOST")


def test_a_wrong_password(clean, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "wrong")
    clean.run_trades(code=1)
    one_error(clean, "password authentication failed")


@pytest.mark.parametrize(
    ("statement", "code", "texts"),
    [
        ("ALTER TABLE tbbo_data DROP COLUMN bid_count", 2, ["tbbo_data has no column bid_count", "migrations"]),
        ("ALTER TABLE download_progress RENAME TO old", 2, ["download_progress does not exist"]),
        ("REVOKE UPDATE ON statistics_data FROM loader", 1, ["no right UPDATE on table statistics_data", "GRANT"]),
    ],
)
def test_a_database_that_does_not_fit(clean, monkeypatch, as_loader, statement, code, texts):
    as_loader(clean)
    clean.execute(statement)
    clean.run_trades(code=code)
    one_error(clean, *texts)
    clean.execute("ALTER TABLE IF EXISTS old RENAME TO download_progress")


@pytest.fixture
def as_loader(cluster, monkeypatch):
    """Let the program work as a role that may write the tables, and no more."""

    def change(market) -> None:
        market.execute(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'loader') THEN "
            "CREATE ROLE loader LOGIN PASSWORD 'loader'; END IF; END $$"
        )
        market.execute("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO loader")
        market.execute("GRANT DELETE ON quarantined_records TO loader")
        monkeypatch.setenv("PGUSER", "loader")
        monkeypatch.setenv("PGPASSWORD", "loader")

    return change


def test_a_role_without_the_right_to_create_tables_is_enough(market, as_loader):
    as_loader(market)
    assert market.run_trades()["changed"] == 100


def test_the_work_folder_cannot_be_made(clean):
    file = clean.folder / "file"
    file.write_text("")
    clean.run_trades(code=1, MARKET_WORK_DIR=str(file / "below"))
    one_error(clean, str(file / "below"), "Free space or correct the path")


def test_a_full_disk_in_the_middle_loads_nothing(market):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # A file may not grow beyond this: the download of the trades does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        market.run_trades(code=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    one_error(market, "Free space or correct the path")
    assert market.value("SELECT count(*) FROM trades_data") == 0
    assert market.run_trades()["changed"] == 100


def test_an_error_of_the_database_in_the_middle_of_a_chunk_loads_nothing_of_it(market):
    market.execute("ALTER TABLE trades_data ADD CONSTRAINT small CHECK (sequence < 1050)")
    market.run_trades(code=1)
    one_error(market, "small", "The chunk was not loaded.")
    assert market.value("SELECT count(*) FROM trades_data") == 0
    assert not list((market.folder / "dlq").glob("*"))


def test_the_same_job_does_not_run_twice_at_a_time(clean, cluster):
    with cluster.connect(clean.database) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('adhoc', 16))")
        clean.run_trades(code=1)
    one_error(clean, "Job adhoc is running already.")


def test_sigterm_ends_the_program_and_leaves_nothing(market, tmp_path):
    market.gateway.fault = lambda path, number, app, scope, receive, send: _endless(send) if path == RANGE else None
    environment = os.environ | {
        "PYTHONPATH": str(INCLUDE), "DATABENTO_API_KEY": "db-0123456789abcdefghijklmnopqrs",
        "DATABENTO_GATEWAY": market.gateway.url, "MARKET_WORK_DIR": str(tmp_path / "work"),
        "MARKET_QUARANTINE_DIR": str(tmp_path / "dlq"),
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "pipelines.market.main", "ingest", "--api", "databento", *request()]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as program:
        wait_until(
            lambda: Probe(market.gateway.requests[RANGE] == 1, "no request"), timeout=30, message="x", hint="none"
        )
        program.send_signal(signal.SIGTERM)
        _, errors = program.communicate(timeout=20)
    assert program.returncode == 130
    assert "Stopped by a signal." in errors and "Traceback" not in errors
    assert not list(tmp_path.rglob("*.part"))
    assert market.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'market-ingest'") == 0


async def _endless(send) -> None:
    import asyncio

    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    await asyncio.get_running_loop().create_future()
