"""What a check is said to read is what the engine reads: which checks a mutation may make fail hangs on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from streamproof.packs.loading import load_pack
from streamproof.sql.suites import read_suite
from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.clickhouse.objects import objects_read
from tests.integration.conftest import Warehouse
from tests.integration.sql.consistent import consistent_replay

pytestmark = pytest.mark.engine

_TABLE = re.compile(r"table_name: (?P<database>[^.\s]+)\.(?P<name>[^\s,]+)")
_OBJECTS = "SELECT name FROM system.tables WHERE database = currentDatabase()"


@pytest.fixture(scope="module")
def client(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    yield client
    client.close()


def tables_in_the_engines_tree(client: Any, sql: str, parameters: dict[str, object]) -> set[str]:
    tree = rows(client, f"EXPLAIN QUERY TREE passes = 1 {sql}", parameters)
    found = [match for row in tree for match in _TABLE.finditer(row["explain"])]
    return {match["name"] for match in found if match["database"] == client.database}


def test_no_shipped_check_reads_more_than_its_text_names(client, home):
    folders = [home / "include/sql/livepeer/assertions" / suite for suite in load_pack(home, "livepeer").suites]
    tests = [test for folder in [*folders, folders[0].parent / "conservation"] for test in read_suite(folder)]
    names = {str(row["name"]) for row in rows(client, _OBJECTS)}
    parameters = consistent_replay().parameters()
    overlooked, seen = {}, set()
    for test in tests:
        # What a hand-made replay does not state are maps: empty ones will do where nothing is executed.
        used = {name: parameters.get(name, {}) for name in test.parameter_names}
        read = tables_in_the_engines_tree(client, test.sql.rstrip().rstrip(";"), used)
        named = objects_read(test.sql, names)
        seen |= read
        if named is not None and not read <= named:
            overlooked[test.name] = sorted(read - named)
    assert overlooked == {}
    assert {"streaming_events", "v_latest_sessions", "record_dispositions"} <= seen
