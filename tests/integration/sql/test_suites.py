"""Every shipped check passes on a replay that is accounted for. That each can fail: tests/system/test_prove.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamproof.checks.assertions import run_checks
from streamproof.checks.contracts.files import load_contracts
from streamproof.checks.diagnostics import run_diagnostics
from streamproof.model.results import CheckResult, Status
from streamproof.proving.mutations import Prover, assertion_subject
from streamproof.sql.blocks import parse_blocks
from streamproof.sql.suites import read_diagnostics, read_suite
from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.cloning.clone import ClonedDatabase
from streamproof.warehouse.clickhouse.database import Database
from tests.integration.conftest import Warehouse, insert
from tests.integration.sql.consistent import Replay, consistent_replay
from tests.support.databases import opened

pytestmark = pytest.mark.engine

HOME = Path(__file__).resolve().parents[3]
ASSERTIONS = HOME / "include/sql/livepeer/assertions"
SUITES = {name: read_suite(ASSERTIONS / name) for name in ("raw_typed", "conservation")}
CONTRACTS = load_contracts(HOME / "include/contracts/livepeer")


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
def clone(warehouse: Warehouse, filled: Any) -> Iterator[ClonedDatabase]:
    clone = warehouse.clone(filled)
    yield clone
    clone.drop()


@pytest.fixture(scope="module")
def prover(clone: ClonedDatabase, replay: Replay) -> Prover:
    parameters = replay.parameters()
    subjects = [assertion_subject(name, test, parameters) for name, tests in SUITES.items() for test in tests]
    others = [test.name for folder in ASSERTIONS.iterdir() for test in read_suite(folder)]
    others += [check.name for contract in CONTRACTS for check in contract.checks]
    return Prover(subjects, clone.definitions(), parameters, reads=clone.objects_read, others=others)


def test_every_diagnostic_shows_something(filled, replay):
    folders = sorted((HOME / "include/sql/livepeer/diagnostics").iterdir())
    blocks = [block for folder in folders for block in read_diagnostics(folder)]
    shown = run_diagnostics(opened(filled), blocks, replay.parameters(), suite="s")
    assert [diagnostic.name for diagnostic in shown] == [block.name for block in blocks]
    assert {diagnostic.name: diagnostic.error for diagnostic in shown if diagnostic.error} == {}
    assert all(diagnostic.values for diagnostic in shown)


def test_a_diagnostic_that_counts_failed_rows_is_no_diagnostic(filled):
    (block,) = parse_blocks("-- TEST: counts\nSELECT count() AS failed_rows FROM streaming_events;", "f.sql")
    (shown,) = run_diagnostics(opened(filled), [block], {}, suite="s")
    assert "what can fail is a check" in shown.error


def test_a_typed_table_that_the_pack_adds_is_accounted_for(warehouse, replay):
    """Its name follows no pattern of the others: it is counted because the pack lists it, and only then."""
    client = warehouse.with_schema()
    for table, records in replay.rows.items():
        insert(client, table, records)
    execute(client, "CREATE TABLE viewer_reports AS ai_stream_events")
    execute(client, "INSERT INTO viewer_reports SELECT * FROM ai_stream_events ORDER BY source_offset LIMIT 1")
    before = replay.parameters()
    typed = [*before["layer_typed"], "viewer_reports"]
    families = {**before["typed_tables"], "viewer_report": ["viewer_reports"]}
    after = {**before, "layer_typed": typed, "typed_tables": families}
    names = ("conservation_no_unnamed_rows", "raw_typed_rows_trace_to_raw")
    tests = [test for suite in SUITES.values() for test in suite if test.name in names]
    for parameters, failed in ((before, [0, 0]), (after, [1, 1])):
        results = run_checks(opened(client), tests, parameters, suite="s")
        assert [(result.error, result.failed_rows) for result in results] == [(None, rows) for rows in failed]
    client.close()


def run_all(database: Database, replay: Replay) -> dict[str, CheckResult]:
    results = (run_checks(database, tests, replay.parameters(), suite=name) for name, tests in SUITES.items())
    return {result.name: result for suite in results for result in suite}


def test_every_check_passes_on_a_consistent_replay(filled, replay):
    results = run_all(opened(filled), replay)
    assert {
        name: (r.failed_rows, r.error, r.diagnostics) for name, r in results.items() if r.status is not Status.PASSED
    } == {}


def test_every_check_still_passes_after_merges(clone, replay):
    tables = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    for row in rows(clone.client, tables):
        execute(clone.client, f"OPTIMIZE TABLE {row['name']} FINAL")
    assert {r.status for r in run_all(clone, replay).values()} == {Status.PASSED}
    clone.restore()


def test_every_check_passes_on_an_untouched_clone(clone, prover):
    assert prover.unsound(clone) == []


def test_a_check_that_cannot_fail_is_a_survivor(clone, prover, replay):
    text = (
        "-- TEST: planted\nSELECT countIf(type = 'none') AS failed_rows FROM streaming_events;\n"
        "-- MUTATION: all is lost\nTRUNCATE TABLE streaming_events"
    )
    (planted,) = (assertion_subject("raw_typed", test, {}) for test in parse_blocks(text, "planted.sql"))
    with_planted = Prover(
        [*prover.subjects, planted],
        clone.definitions(),
        replay.parameters(),
        reads=clone.objects_read,
        others=prover.names,
    )
    (mutant,) = planted.mutants
    proof = with_planted.prove(clone, mutant)
    assert (proof.outcome, proof.reason) == ("survived", "it still passes")
    assert clone.change().changed == set()
