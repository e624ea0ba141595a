"""`streamproof session` and `scenarios` on the real engine: what each layer holds of a session, and of no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from streamproof.checks.session_trace import SessionTrace, read_session_queries, trace_session
from streamproof.cli.main import app
from streamproof.model.errors import UsageError, WarehouseError
from streamproof.warehouse.clickhouse.client import execute
from tests.integration.conftest import Warehouse
from tests.integration.sql.upper_rows import write
from tests.support.databases import opened

pytestmark = pytest.mark.engine

WORLD = yaml.safe_load((Path(__file__).parent / "session_rows.yaml").read_text())
HOME = Path(__file__).resolve().parents[3]
QUERIES = read_session_queries(HOME / "include/sql/livepeer/session", home=HOME)
RUN_ONLY = ("replay_ledger", "record_dispositions")
WINDOW = ("--from-ts", "2026-02-25T09:00:00Z", "--to-ts", "2026-02-25T12:00:00Z")


@pytest.fixture(scope="module")
def filled(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    write(client, WORLD["batches"], "session")
    yield client
    client.close()


@pytest.fixture
def call(warehouse: Warehouse, filled: Any, monkeypatch: pytest.MonkeyPatch):
    """Run the command line against the module's database."""
    monkeypatch.setenv("CH_HOST", warehouse.settings.host)
    monkeypatch.setenv("CH_PORT", str(warehouse.settings.port))
    monkeypatch.setenv("CH_USER", warehouse.settings.user)
    monkeypatch.setenv("CH_DATABASE", filled.database)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def rows_of(trace: SessionTrace, name: str) -> list[dict[str, Any]]:
    return next(result.as_json()["rows"] for _, result in trace.layers if result.name == name)


@pytest.mark.parametrize("session", WORLD["found"])
def test_every_layer_shows_the_session_and_no_other(filled, session):
    trace = trace_session(opened(filled), QUERIES, session)
    assert [result.error for result in trace.broken] == []
    counts = {result.name: len(result.rows) for _, result in trace.layers if result.rows}
    assert counts == WORLD["found"][session]


def test_the_layers_are_in_the_order_of_the_data_flow(filled):
    layers = [layer for layer, _ in trace_session(opened(filled), QUERIES, "s1|r1").layers]
    assert list(dict.fromkeys(layers)) == ["raw", "typed", "silver", "sessions", "views"]


def test_it_says_what_an_analyst_wants_to_know(filled):
    trace = trace_session(opened(filled), QUERIES, "s1|r1")
    (newest,) = rows_of(trace, "12_fact_workflow_sessions")
    assert (newest["version"], newest["startup_success"]) == (2, 1)
    assert newest["versions_stored"] in (1, 2)  # 2 until a merge drops the old version
    assert [row["disposition"] for row in rows_of(trace, "03_dispositions")] == ["accepted", "quarantine"]
    offers = [(row["source_event_id"], row["seconds_after_start"]) for row in rows_of(trace, "17_capabilities")]
    assert offers == [("near", -3600), ("a day before", -86400)]
    hours = {(row["window_start"][11:13], row["pipeline"]) for row in rows_of(trace, "20_v_api_network_demand")}
    assert hours == {("10", "live"), ("11", "live")}


def test_a_hint_names_the_nearest_sessions(filled):
    for wrong in ("s1|r3", "s1", "S1|R1"):
        with pytest.raises(UsageError, match="There is no session") as caught:
            trace_session(opened(filled), QUERIES, wrong)
        assert "s1|r1" in caught.value.hint.partition("s2|")[0]


def test_a_payment_of_its_request_does_not_make_a_session(filled):
    with pytest.raises(UsageError, match="There is no session 'elsewhere"):
        trace_session(opened(filled), QUERIES, "elsewhere|r1")


def test_an_empty_warehouse_knows_no_session(warehouse):
    client = warehouse.with_schema()
    with pytest.raises(UsageError, match="There is no session") as caught:
        trace_session(opened(client), QUERIES, "s1|r1")
    assert caught.value.hint == "It holds no session at all."


def test_a_database_without_the_tables_is_named(warehouse):
    client = warehouse.empty()
    with pytest.raises(WarehouseError, match="queries cannot be run") as caught:
        trace_session(opened(client), QUERIES, "s1|r1", run_only_tables=RUN_ONLY)
    assert "'streaming_events'" in caught.value.message
    assert "(UNKNOWN_TABLE)" in caught.value.message
    assert client.database in caught.value.message


def test_a_layer_that_cannot_be_read_hides_no_other(warehouse):
    client = warehouse.with_schema()
    write(client, WORLD["batches"], "broken")
    for table in ("record_dispositions", "ai_stream_events"):
        execute(client, f"DROP TABLE {table}")
    execute(client, "ALTER TABLE fact_stream_trace_edges RENAME COLUMN is_swap_event TO swaps")
    trace = trace_session(opened(client), QUERIES, "s1|r1", run_only_tables=RUN_ONLY)
    broken = {result.name: result.error for result in trace.broken}
    assert set(broken) == {"06_ai_stream_events", "10_fact_stream_trace_edges"}
    assert "UNKNOWN_TABLE" in str(broken["06_ai_stream_events"])
    skipped = {result.name: result.skipped for _, result in trace.layers if result.skipped}
    assert set(skipped) == {"03_dispositions"}
    assert len(rows_of(trace, "01_raw_records")) == 3


def test_it_only_reads():
    for query in (QUERIES.identity, QUERIES.nearest, *QUERIES.layers):
        assert query.sql.split()[0] in ("SELECT", "WITH"), query.source
        assert query.parameter_names <= {"sid", "ids", "request_id", "event_pattern"}


def test_the_command_prints_one_document_or_tables(call):
    told = call("session", "s1|r1", "--json")
    assert told.exit_code == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["workflow_session_id"] == "s1|r1"
    assert {entry["name"]: len(entry["rows"]) for entry in document["layers"] if entry["rows"]} == WORLD["found"][
        "s1|r1"
    ]
    shown = call("session", " s1|r1 ")
    assert shown.exit_code == 0, shown.stderr
    for part in ("Session s1|r1", "raw_records 3", "versions_stored", "all times on 2026-02-25, UTC"):
        assert part in shown.stdout


def test_an_unknown_session_is_exit_2_without_a_traceback(call):
    told = call("session", "s9|r9", "--json")
    assert told.exit_code == 2
    assert set(json.loads(told.stdout)) == {"error", "hint", "exit_code"}
    assert told.stderr.startswith("Error: There is no session 's9|r9'")
    assert len(told.stderr.splitlines()) == 2


def test_scenarios_lists_the_newest_sessions_of_each(call):
    told = call("scenarios", *WINDOW, "--limit-per-scenario", "1", "--json")
    assert told.exit_code == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["limit_per_scenario"] == 1
    found = {entry["name"]: [row["workflow_session_id"] for row in entry["rows"]] for entry in document["scenarios"]}
    assert len(found) == 5
    assert found["scenario_4_success_with_param_updates"] == ["s1|r1"]
    assert max(map(len, found.values())) == 1
    assert "scenario_4_success_with_param_updates  1 row" in call("scenarios", *WINDOW).stdout
