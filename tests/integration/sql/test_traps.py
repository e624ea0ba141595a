"""Checks on small worlds that make a careless check pass on what is broken, or fail on what is sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproof.checks.assertions import run_check
from streamproof.sql.blocks import read_blocks
from streamproof.warehouse.clickhouse.client import execute
from tests.integration.conftest import Warehouse
from tests.integration.sql.consistent import PACK
from tests.integration.sql.upper_rows import merge_tree_tables, write
from tests.support.databases import opened

pytestmark = pytest.mark.engine

CASES = yaml.safe_load((Path(__file__).parent / "trap_cases.yaml").read_text())
ASSERTIONS = Path(__file__).resolve().parents[3] / "include/sql/livepeer/assertions"
CHECKS = {path.stem: read_blocks(path)[0] for path in ASSERTIONS.glob("*/*.sql")}
# No replay: nothing is known of what was published.
PARAMETERS = {
    **PACK.query_parameters,
    "from_ts": "2026-02-25 10:30:00.000",
    "to_ts": "2026-02-25 11:30:00.000",
    "published_in_window": {},
}


@pytest.fixture(scope="module")
def database(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    yield client
    client.close()


@pytest.mark.parametrize("case", CASES, ids=[f"{case['check']}: {case['what']}" for case in CASES])
def test_the_check_falls_into_no_trap(database, case):
    for table in merge_tree_tables(database):
        execute(database, f"TRUNCATE TABLE {table}")
    write(database, [case["rows"]], case["what"])
    result = run_check(opened(database), CHECKS[case["check"]], PARAMETERS, suite="pipeline")
    assert (result.status.value, result.error) == (case["status"], None), result.diagnostics
    expected = case.get("diagnostics", {})
    found = {name: result.diagnostics[name] for name in expected}
    assert {name: _unordered(value) for name, value in found.items()} == {
        name: _unordered(value) for name, value in expected.items()
    }


def _unordered(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
