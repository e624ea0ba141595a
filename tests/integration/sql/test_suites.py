"""Every shipped check passes on a replay that is accounted for, and fails under each of its mutations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamproof.model.results import CheckResult, Status
from streamproof.services.checks import run_checks
from streamproof.services.clickhouse import execute, rows
from streamproof.sql.blocks import Block, read_suite
from tests.integration.sql.conftest import Warehouse, insert, restore
from tests.integration.sql.consistent import Replay, consistent_replay

pytestmark = pytest.mark.engine

ASSERTIONS = Path(__file__).resolve().parents[3] / "include/sql/livepeer/assertions"
SUITES = {name: read_suite(ASSERTIONS / name) for name in ("raw_typed", "conservation")}
MUTATIONS = [
    pytest.param(test, mutation, id=f"{test.name}: {mutation.name}")
    for tests in SUITES.values()
    for test in tests
    for mutation in test.mutations
]
TARGET = re.compile(r"(INSERT INTO|DELETE FROM|ALTER TABLE)\s+(?P<table>\w+)")


@pytest.fixture(scope="module")
def replay() -> Replay:
    return consistent_replay()


@pytest.fixture(scope="module")
def filled(warehouse: Warehouse, replay: Replay) -> Iterator[Any]:
    client = warehouse.with_schema()
    for table, records in replay.rows.items():
        insert(client, table, records)
    yield client
    client.close()


@pytest.fixture(scope="module")
def cloned(warehouse: Warehouse, filled: Any) -> Iterator[Any]:
    client = warehouse.clone(filled)
    yield client
    client.close()


def run_all(client: Any, replay: Replay) -> dict[str, CheckResult]:
    results = (run_checks(client, tests, replay.parameters(), suite=name) for name, tests in SUITES.items())
    return {result.name: result for suite in results for result in suite}


def test_every_check_passes_on_a_consistent_replay(filled, replay):
    results = run_all(filled, replay)
    assert {
        name: (r.failed_rows, r.error, r.diagnostics) for name, r in results.items() if r.status is not Status.PASSED
    } == {}


def test_every_check_still_passes_after_merges(warehouse, filled, replay):
    merged = warehouse.clone(filled)
    for row in rows(merged, "SELECT name FROM system.tables WHERE database = currentDatabase()"):
        execute(merged, f"OPTIMIZE TABLE {row['name']} FINAL")
    assert {r.status for r in run_all(merged, replay).values()} == {Status.PASSED}


@pytest.mark.parametrize(("test", "mutation"), MUTATIONS)
def test_the_mutation_makes_the_check_fail_and_no_unrelated_one(cloned, filled, replay, test: Block, mutation: Block):
    execute(cloned, mutation.sql)
    results = run_all(cloned, replay)
    restore(cloned, TARGET.search(mutation.sql)["table"], filled.database)
    unsound = {name for name, result in results.items() if result.status is not Status.PASSED}
    failed = {name for name, result in results.items() if result.status is Status.FAILED}
    assert test.name in failed, results[test.name]
    assert unsound <= {test.name, *mutation.also_fails}
    assert not results[test.name].error
