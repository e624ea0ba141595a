"""Trace queries 03 to 12 and the scenario discovery on the real engine: what they say, and that parity can fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproof.checks.assertions import run_check
from streamproof.model.results import Status
from streamproof.sql.blocks import read_blocks
from streamproof.warehouse.clickhouse.client import execute, execute_script, rows
from tests.integration.conftest import Warehouse
from tests.integration.sql.test_upper_views import differing
from tests.integration.sql.upper_rows import plain, write
from tests.support.databases import opened

pytestmark = pytest.mark.engine

WORLD = yaml.safe_load((Path(__file__).parent / "upper_queries.yaml").read_text())
SQL = Path(__file__).resolve().parents[3] / "include/sql/livepeer"
QUERIES = {path.stem: read_blocks(path) for folder in ("trace", "scenarios") for path in (SQL / folder).glob("*.sql")}
WINDOW = {"from_ts": "2026-02-25 10:29:59.000", "to_ts": "2026-02-25 12:00:00.000"}
NOTHING = {"from_ts": "2027-01-01 00:00:00.000", "to_ts": "2027-01-01 01:00:00.000"}


@pytest.fixture
def morning(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    write(client, WORLD["batches"], "morning")
    yield client
    client.close()


@pytest.fixture(scope="module")
def filled(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    write(client, WORLD["batches"], "morning")
    yield client
    client.close()


def run(client: Any, name: str, **parameters: object) -> list[dict[str, Any]]:
    (query,) = QUERIES[name]
    given = {**WINDOW, "limit_per_scenario": 10, **parameters}
    found = rows(client, query.sql, {key: given[key] for key in query.parameter_names})
    return [{key: plain(value) for key, value in row.items()} for row in found]


def test_every_file_holds_one_query_of_its_own_name():
    assert {name: [block.name for block in blocks] for name, blocks in QUERIES.items()} == {
        name: [name] for name in QUERIES
    }
    assert [name[:2] for name in sorted(QUERIES) if name[0].isdigit()] == [f"{number:02}" for number in range(1, 13)]


@pytest.mark.parametrize(("name", "expected"), [*WORLD["trace"].items(), *WORLD["scenarios"].items()])
def test_queries_say_what_the_morning_was_like(filled, name, expected):
    found = run(filled, name)
    assert len(found) == len(expected), found
    assert [differing(want, got) for want, got in zip(expected, found, strict=True)] == [{}] * len(expected)


def test_samples_without_a_gateway_or_an_orchestrator_are_counted_in_their_hour(filled):
    (first, *_) = run(filled, "12_status_samples_by_hour", from_ts="2026-02-25 08:00:00.000")
    counts = {name: found for name, found in first.items() if name.startswith("without_")}
    assert counts == {"without_frame_rate": 0, "without_gateway": 1, "without_orchestrator": 1, "without_gpu": 0}


def test_the_fallout_of_the_notebook_is_the_fifth_scenario(morning):
    given = [{"session": "second", "session_start_ts": "11:40", "startup_unexcused": 1}, {"session": "third"}]
    write(morning, [{"fact_workflow_sessions": given}], "more fallout")
    (query,) = read_blocks(SQL / "notebook/07_fallout.sql")
    fallout = {row["workflow_session_id"] for row in rows(morning, query.sql, WINDOW)}
    scenario = {row["workflow_session_id"] for row in run(morning, "scenario_5_out_of_category_baseline")}
    assert fallout == scenario == {"other|other", "second|second"}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_window_without_data_is_shown_as_such(filled, name):
    found = run(filled, name, **NOTHING)
    if name.startswith("scenario"):
        assert found == []
    for row in found:
        assert row.get("rows_window", 0) == 0
        assert row.get("min_ts") is None
        assert row.get("failure_mode", "EMPTY_BOTH") == "EMPTY_BOTH"


def test_the_stateful_counts_are_of_physical_rows(filled):
    counts = {row["object_name"]: row["rows_window"] for row in run(filled, "04_stateful_fact_counts")}
    assert counts["fact_workflow_sessions"] in (5, 6)  # 6 until a merge drops the old version
    assert counts["fact_workflow_session_segments"] == 3
    assert counts["fact_workflow_param_updates"] == 0  # its time lies after the window


def test_each_scenario_keeps_to_its_limit_and_takes_the_newest(morning):
    name = "scenario_5_out_of_category_baseline"
    write(morning, [{"fact_workflow_sessions": [{"session": "last", "session_start_ts": "11:50"}]}], "one more")
    assert [row["workflow_session_id"] for row in run(morning, name, limit_per_scenario=1)] == ["last|last"]
    assert len(run(morning, name)) == 2


@pytest.mark.parametrize("case", WORLD["broken"], ids=[case["what"] for case in WORLD["broken"]])
def test_parity_names_what_is_wrong(morning, case):
    execute(morning, "DROP VIEW mv_fact_status_to_perf_1m")
    execute_script(morning, case.get("sql", ""))
    if view := case.get("view"):
        sql = "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = {view:String}"
        body = rows(morning, sql, {"view": view})[0]["as_select"].replace(f"{morning.database}.", "")
        for old, new in (case["replace"], case.get("replace_too", case["replace"])):
            assert old in body or new in body, body
            body = body.replace(old, new)
        execute(morning, f"CREATE OR REPLACE VIEW {view} AS {body}")
    assert run(morning, case["query"])[0]["failure_mode"] == case["failure_mode"]


def test_the_check_of_the_demand_view_fails_for_a_key_of_one_side(morning):
    (test,) = read_blocks(SQL / "assertions/pipeline/network_demand_view_matches_rollup.sql")
    gone = next(case for case in WORLD["broken"] if case["failure_mode"] == "KEY_MISMATCH" and "demand" in case["what"])
    execute(morning, "DROP VIEW mv_fact_status_to_perf_1m")
    execute_script(morning, gone["sql"])
    result = run_check(opened(morning), test, WINDOW, suite="pipeline")
    assert (result.error, result.status) == (None, Status.FAILED)
    assert result.diagnostics["failure_mode"] == "KEY_MISMATCH"
