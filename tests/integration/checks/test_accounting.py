"""The checks of a pack's accounting on a real ClickHouse: what each sees, and that each is proved able to fail."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from streamproof.checks.assertions import run_checks
from streamproof.model.accounting import IDS_BY_PLACE
from streamproof.model.results import Status
from streamproof.packs.accounting import Accounting
from streamproof.proving.mutations import Prover, assertion_subject
from streamproof.stages.judging.accounting import applicable
from streamproof.warehouse.clickhouse.client import execute
from streamproof.warehouse.clickhouse.cloning.clone import ClonedDatabase
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from streamproof.warehouse.registry import accounting_checks
from tests.integration.conftest import VARIABLES, insert

pytestmark = pytest.mark.engine

SCHEMA = """\
CREATE TABLE raw_orders (t String, p Int32, o Int64, v String) ENGINE = MergeTree ORDER BY (t, p, o);
CREATE TABLE orders (order_id UInt64, amount UInt32) ENGINE = MergeTree ORDER BY order_id;
CREATE TABLE order_lines (order_id UInt64, line UInt8) ENGINE = MergeTree ORDER BY order_id;
CREATE TABLE outcomes (source_topic String, source_partition UInt32, source_offset UInt64, id String, kind String)
ENGINE = MergeTree ORDER BY source_offset;
"""
ACCOUNTING = Accounting.model_validate(
    {
        "raw": {"table": "raw_orders", "topic": "t", "partition": "p", "offset": "o", "value": "v"},
        "ids": {
            "path": "order.id",
            "tables": [
                {"table": "orders", "column": "order_id"},
                {"table": "order_lines", "column": "order_id", "many": True},
            ],
            "reject_tables": [{"table": "outcomes", "column": "id", "where": "kind = 'rejected'"}],
            "reject_topics": [{"topic": "dlq", "path": "id"}],
        },
        "dispositions": {"table": "outcomes"},
    }
)
CHECKS = accounting_checks("clickhouse", ACCOUNTING, {"raw_orders": "raw", "orders": "typed"})

HASH = hashlib.sha256(b"v").hexdigest()
PARAMETERS = {"input_topic": "in"}


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "0001_orders.sql.j2").write_text(SCHEMA)
    return folder


@pytest.fixture
def client(warehouse, schema):
    """A database in which six events ended: two orders, two of several lines, one reject in a table, one in a topic."""
    client = warehouse.empty()
    apply_migrations(client, schema, VARIABLES)
    places = [{"source_topic": "in", "source_partition": 0, "source_offset": number} for number in range(6)]
    insert(client, "replay_ledger", [
        {**place, "sequence": number, "value_kind": "bytes", "value_sha256": HASH, "accounted_id": str(number + 1)}
        for number, place in enumerate(places)
    ])  # fmt: skip
    insert(client, "raw_orders", [{"t": "in", "p": 0, "o": number, "v": "v"} for number in range(6)])
    insert(client, "orders", [{"order_id": 1}, {"order_id": 2}])
    insert(client, "order_lines", [{"order_id": number, "line": line} for number in (3, 4) for line in (1, 2)])
    kinds = {4: "rejected"}
    insert(client, "outcomes", [
        {**place, "id": str(number + 1), "kind": kinds.get(number, "done")} for number, place in enumerate(places)
    ])  # fmt: skip
    insert(client, "reject_topic_ids", [{"place": "topic dlq", "source_offset": 0, "id": "6"}])
    yield client
    client.close()


def judged(warehouse, client):
    return {check.name: check for check in run_checks(warehouse.opened(client), CHECKS, PARAMETERS, suite="c")}


def failing(warehouse, client, *statements):
    for statement in statements:
        execute(client, statement)
    return {name: check for name, check in judged(warehouse, client).items() if check.status is not Status.PASSED}


def test_all_hold_where_every_event_ended_in_one_place(warehouse, client):
    found = judged(warehouse, client)
    assert {check.status for check in found.values()} == {Status.PASSED}, found
    assert found["no_id_is_missing"].diagnostics[IDS_BY_PLACE] == {
        "orders": 2, "order_lines": 2, "outcomes": 1, "topic dlq": 1,
    }  # fmt: skip
    assert {check.rung for check in found.values()} == {"raw_complete", "ids_accounted", "records_accounted"}
    assert found["raw_holds_every_record_once"].layer == "raw"


@pytest.mark.parametrize(
    ("statement", "check", "sample"),
    [
        ("DELETE FROM orders WHERE order_id = 2", "no_id_is_missing", ("ids", ["2"])),
        (
            "INSERT INTO orders VALUES (1, 9)",
            "no_id_is_duplicated",
            ("id_published_places_rows", [["1", 1, ["orders"], [2]]]),
        ),
        ("INSERT INTO orders VALUES (5, 9)", "no_id_is_in_two_places", ("ids", ["5"])),
        ("INSERT INTO order_lines VALUES (77, 1)", "no_id_is_from_nowhere", ("id_places", [["77", ["order_lines"]]])),
        ("DELETE FROM raw_orders WHERE o = 3", "raw_holds_every_record_once", ("missing", 1)),
        ("INSERT INTO raw_orders VALUES ('in', 0, 3, 'v')", "raw_holds_every_record_once", ("repeated", 1)),
        ("INSERT INTO raw_orders VALUES ('in', 0, 33, 'v')", "raw_holds_every_record_once", ("never_published", 1)),
        (
            "ALTER TABLE raw_orders UPDATE v = 'V' WHERE o = 3",
            "raw_values_are_those_published",
            ("records_compared", 6),
        ),
        ("DELETE FROM outcomes WHERE source_offset = 0", "dispositions_hold_every_record_once", ("missing", 1)),
    ],
)
def test_each_fault_fails_its_check_with_a_sample(warehouse, client, statement, check, sample):
    found = failing(warehouse, client, statement)
    assert list(found) == [check]
    assert found[check].failed_rows == 1
    name, expected = sample
    assert found[check].diagnostics[name] == expected


def test_an_id_that_was_published_twice_may_be_there_twice(warehouse, client):
    again = "SELECT * REPLACE (9 AS source_offset, 9 AS sequence) FROM replay_ledger WHERE accounted_id = '1'"
    found = failing(
        warehouse,
        client,
        f"INSERT INTO replay_ledger {again}",
        "INSERT INTO raw_orders VALUES ('in', 0, 9, 'v')",
        "INSERT INTO outcomes VALUES ('in', 0, 9, '1', 'rejected')",
    )
    assert found == {}


def test_a_run_without_ids_has_nothing_to_judge(warehouse, client):
    statements = [f"TRUNCATE TABLE {name}" for name in ("orders", "order_lines", "reject_topic_ids")]
    found = failing(
        warehouse, client, *statements, "ALTER TABLE replay_ledger UPDATE accounted_id = '' WHERE 1",
        "ALTER TABLE outcomes UPDATE id = '' WHERE 1",
    )  # fmt: skip
    assert {check.status for check in found.values()} == {Status.SKIPPED}
    assert len(found) == 4


def test_every_check_is_proved_on_a_clone(warehouse, client, schema):
    clone = ClonedDatabase.of(warehouse.settings.using(client.database), f"{client.database}_clone", schema)
    try:
        places = judged(warehouse, client)["no_id_is_missing"].diagnostics[IDS_BY_PLACE]
        subjects = [assertion_subject("c", applicable(check, places), PARAMETERS) for check in CHECKS]
        prover = Prover(subjects, clone.definitions(), PARAMETERS, reads=clone.objects_read)
        proofs = [prover.prove(clone, mutant) for subject in subjects for mutant in subject.mutants]
    finally:
        clone.drop()
    assert [(proof.mutant.name, proof.reason) for proof in proofs if not proof.proved] == []
    assert {proof.mutant.check for proof in proofs} == {check.name for check in CHECKS}
    assert len(proofs) == 3 + 1 + 4 + 3 + 4 + 4 + 3
