"""The checks of the pack in its own SQL: green on both sets, and red after each of their mutations."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from packs.market.source import read_records
from streamproof.checks.service_logs import COLUMNS, TABLE, read_log, write_log_lines
from streamproof.packs.loading import load_pack
from streamproof.warehouse.postgres.binding import bound
from streamproof.warehouse.postgres.inserting import copy_rows

from .surroundings import Market, variables
from .test_whole_runs import TABLES

HOME = Path(__file__).parents[4]
ASSERTIONS = HOME / "include" / "sql" / "market" / "assertions"
ENGINE_TABLES = HOME / "plugins" / "streamproof" / "warehouse" / "postgres" / "accounting" / "tables.sql"
# What a run tells its checks about three runs of the pipeline.
PARAMETERS = {"requests_by_repetition": [9, 0, 9], "peak_rss_bytes_by_repetition": [10**8] * 3}
FILES = sorted(ASSERTIONS.glob("*/*.sql"))
_MARKER = re.compile(r"^-- (TEST|MUTATION): (.+)$", re.MULTILINE)


def blocks(file: Path) -> list[tuple[str, str, str]]:
    """Return (kind, name, statement) of a file."""
    _, *parts = _MARKER.split(file.read_text())
    return [(kind, name, text) for kind, name, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)]


def judge(connection: psycopg.Connection, file: Path) -> dict:
    kind, name, statement = blocks(file)[0]
    assert (kind, name) == ("TEST", file.stem)
    [row] = connection.cursor(row_factory=dict_row).execute(*bound(statement, PARAMETERS)).fetchall()
    assert type(row["failed_rows"]) is int
    return row


class Logs:
    """Stands for the warehouse: takes the lines of logs."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def insert(self, table, columns, found, *, what):
        assert (table, columns) == (TABLE, COLUMNS)
        return copy_rows(self._connection, table, columns, found, types=["text"] * len(columns))


def run_again(market: Market, name: str) -> str:
    """Run the pipeline twice more, the second time by force, on a copy of a database; return the log of all runs."""
    log = market.errors
    market.cluster.create(name, market.database)
    copied = replace(market, database=name)
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in variables(market.gateway, market.cluster, name).items():
            patch.setenv(variable, value)
        for arguments in ([], ["--force"]):
            copied.run_set(*arguments)
            log += copied.errors
    return log


def write_ledger(connection: psycopg.Connection, files: Path) -> None:
    """Write what a run notes of the records that it serves, into the tables of a run."""
    connection.execute(ENGINE_TABLES.read_text())
    names = ["sequence", "record_timestamp", "event_type", "event_timestamp", "expected_disposition", "expected_class"]
    names.append("expected_reason")
    texts = connection.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_name = 'replay_ledger' AND column_name <> ALL(%s)",
        [names],
    )
    others = [name for (name,) in texts.fetchall()]
    paths = sorted(path for path in files.rglob("*.dbn*") if path.is_file())
    records = (record for path in paths for record in read_records(path))
    found = []
    for number, record in enumerate(records):
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=record.time_ms or 0)
        stated = (record.expect, record.failure_class, record.reason)
        found.append((number, at, record.family, at, *stated, *("0" for _ in others)))
    copy_rows(connection, "replay_ledger", [*names, *others], found, types=["text"] * (len(names) + len(others)))


@pytest.fixture(scope="module")
def databases(loaded):
    """A connection for each set to a database after three runs, with the log and the ledger that a run keeps."""
    connections = {}
    kept = load_pack(HOME, "market").log_lines["processor"]
    for kind, market in loaded.items():
        # The program runs in this process, whose memory is that of all tests before.
        log = re.sub(r'(?<="peak_rss_bytes": )\d+', "100000000", run_again(market, f"judged_{kind}"))
        connection = connections[kind] = market.cluster.connect(f"judged_{kind}")
        write_ledger(connection, market.files)
        write_log_lines(Logs(connection), [read_log("processor", log.splitlines(), kept)])
        connection.autocommit = False
    yield connections
    for connection in connections.values():
        connection.close()


def test_there_are_checks_and_each_has_a_mutation():
    assert len(FILES) >= 32
    assert all(kind == "MUTATION" for file in FILES for kind, _, _ in blocks(file)[1:])
    assert all(len(blocks(file)) > 1 for file in FILES)


def test_the_table_of_the_storys_queries_names_every_check():
    text = (ASSERTIONS.parent / "README.md").read_text()
    named = set(re.findall(r"`(\w+)\.(\w+)`", text))
    contracts = {file.stem for file in (HOME / "include" / "contracts" / "market").glob("*.yaml")}
    written = {(file.parent.name, file.stem) for file in FILES} | {(table, "key") for table in contracts}
    assert named == written | {("conservation", "repetitions_change_nothing")}
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)] == list(range(1, 21))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_a_check_is_green_on_a_set_and_judges_something(databases, kind, file):
    row = judge(databases[kind], file)
    databases[kind].rollback()
    assert (row["failed_rows"], row["skip_reason"]) == (0, ""), row


@pytest.mark.parametrize(
    ("file", "name", "statement"),
    [
        pytest.param(file, name, statement, id=f"{file.stem}: {name}")
        for file in FILES
        for _, name, statement in blocks(file)[1:]
    ],
)
def test_a_mutation_makes_its_check_red(databases, file, name, statement):
    connection = databases["golden"]
    try:
        # -1 is said of a change of the table itself.
        assert connection.execute(statement).rowcount != 0, name
        assert judge(connection, file)["failed_rows"] > 0
    finally:
        connection.rollback()


def test_the_projections_hold_every_row_of_their_tables(databases):
    text = (ASSERTIONS.parent / "content" / "tables.sql").read_text()
    _, *parts = re.split(r"^-- QUERY: (\w+)$", text, flags=re.MULTILINE)
    assert set(parts[::2]) == {*TABLES, "quarantined_records"}
    for table, query in zip(parts[::2], parts[1::2], strict=True):
        rows = databases["hostile"].execute(query).fetchall()
        [(count,)] = databases["hostile"].execute(f"SELECT count(*) FROM {table}").fetchall()
        # No two rows are equal: a projection leaves out nothing that tells them apart.
        assert len(set(rows)) == len(rows) == count > 0
