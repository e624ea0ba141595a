"""The expected rows of every object above the typed layer, against what the real engine makes of small facts.

All cases of the upper half stand side by side in one database, each with ids, wallets and gateways of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproof.sql.lexing import statements
from streamproof.sql.templating import render
from streamproof.warehouse.clickhouse.client import execute
from streamproof.warehouse.common.migrations import read_migrations
from tests.integration.conftest import VARIABLES, Warehouse, insert
from tests.integration.sql.parity_rows import below, columns, differences, expected, seen
from tests.integration.sql.upper_rows import complete

pytestmark = pytest.mark.engine

HERE = Path(__file__).parent
CASES = [
    case for name in ("upper_cases", "parity_cases") for case in yaml.safe_load((HERE / f"{name}.yaml").read_text())
]
MUTANTS = yaml.safe_load((HERE / "parity_mutants.yaml").read_text())
OWN = ("workflow_session_id", "stream_id", "request_id", "orchestrator_address", "gateway")


def batches_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    versions = case.get("repeat_versions", 0)
    emitted = [{"fact_workflow_sessions": [{"version": number + 1}]} for number in range(versions)]
    return [*emitted, *case["batches"]]


def of_case(number: int, table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return the row with all its columns, its names kept apart from those of other cases; a blank stays blank."""
    whole = complete(table, row)
    return whole | {column: f"{whole[column]}~{number}" for column in OWN if whole.get(column)}


@pytest.fixture(scope="module")
def database(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    execute(client, "SYSTEM STOP MERGES")  # else whether old versions are still there is a matter of time
    for number, case in enumerate(CASES):
        for batch in batches_of(case):
            for table, found in batch.items():
                insert(client, table, [of_case(number, table, row) for row in found])
    yield client
    execute(client, "SYSTEM START MERGES")
    client.close()


@pytest.fixture(scope="module")
def wanted(database: Any) -> dict[str, list[dict[str, Any]]]:
    return {name: expected(database, name) for name in below()}


@pytest.fixture(scope="module")
def views(warehouse: Warehouse) -> dict[str, str]:
    """The statement of every view."""
    found = {}
    for migration in read_migrations(warehouse.schema):
        for statement in statements(render(migration.text, VARIABLES, migration.name), migration.name):
            words = statement[statement.find("CREATE ") :].split()
            if words[:2] == ["CREATE", "VIEW"]:
                found[words[2]] = statement
    return found


@pytest.mark.parametrize("name", below())
def test_what_the_warehouse_makes_of_small_facts_is_what_they_say(database, wanted, name):
    assert set(wanted[name][0]) == set(columns(name))
    assert differences(name, wanted[name], seen(database, name)) == {}


@pytest.mark.parametrize(
    ("name", "mutant"),
    [pytest.param(name, one, id=f"{name}: {one['what']}") for name, group in MUTANTS.items() for one in group],
)
def test_a_fault_of_a_view_shows(database, wanted, views, name, mutant):
    assert mutant["old"] in views[name]
    broken = views[name].replace(mutant["old"], mutant["new"])
    try:
        execute(database, broken.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))
        assert differences(name, wanted[name], seen(database, name)) != {}
    finally:
        execute(database, views[name].replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))
