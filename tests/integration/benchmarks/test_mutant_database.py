"""The database of the bench `detection` on the real engine: what a mutant changes is seen, and taken back after it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from benchmarks.detection.database import MutantDatabase, differing
from benchmarks.detection.sets import EventSet
from benchmarks.detection.sql_mutants import view_statements
from pipelines.livepeer.batches import Batch, Span, process_batch
from pipelines.livepeer.config import from_environment
from pipelines.livepeer.event import Record
from pipelines.livepeer.local import build_processor
from pipelines.livepeer.tables import COLUMNS
from streamproof.fixtures.ordering import plan_replay
from streamproof.model.errors import WarehouseError
from streamproof.packs.loading import load_pack
from streamproof.warehouse.clickhouse.client import rows
from tests.integration.conftest import VARIABLES, Warehouse

pytestmark = pytest.mark.engine

Rows = dict[str, tuple[tuple[str, ...], list[bytes]]]


@pytest.fixture(scope="module")
def sound(warehouse: Warehouse) -> Rows:
    """What the core makes of the golden set."""
    plan = plan_replay(
        warehouse.home / "include/fixtures/livepeer/golden/manifest.json", load_pack(warehouse.home, "livepeer").replay
    )
    records = [Record("t", 0, offset, event.publish_ms, value) for offset, (event, value) in enumerate(plan.records())]
    work = process_batch(build_processor(from_environment({})), Batch(Span("t", 0, 0, len(records) - 1, 0), records))
    return {table: (COLUMNS[table], lines) for table, lines in work.rows.items()}


@pytest.fixture(scope="module")
def loaded(warehouse: Warehouse, sound: Rows) -> Iterator[tuple[MutantDatabase, dict[str, str]]]:
    """A database with the golden rows, and its content."""
    base = warehouse.with_schema()
    ctx: Any = SimpleNamespace(database_settings=lambda: warehouse.settings.using(base.database))
    database = MutantDatabase(EventSet("golden", ctx, []), "mutants", warehouse.schema)
    database.load(sound)
    yield database, database.content()
    database.drop()
    base.close()


def changed_row(found: Rows, table: str, column: str, value: object) -> Rows:
    columns, lines = found[table]
    first = orjson.loads(lines[0])
    first[columns.index(column)] = value
    return {**found, table: (columns, [orjson.dumps(first), *lines[1:]])}


def test_the_same_rows_in_another_order_are_the_same_content(loaded, sound):
    database, content = loaded
    database.load({table: (columns, lines[::-1]) for table, (columns, lines) in sound.items()})
    assert differing(content, database.content()) == frozenset()
    assert all(digest.startswith("{") for digest in content.values()), "every object can be read"


def test_a_changed_row_is_seen_in_its_table_and_in_all_that_reads_it(loaded, sound):
    database, content = loaded
    database.load(changed_row(sound, "fact_stream_status_samples", "output_fps", 99.0))
    seen = differing(content, database.content())
    assert seen >= {"fact_stream_status_samples", "agg_stream_performance_1m", "v_api_gpu_metrics"}
    assert "stream_trace_events" not in seen
    database.load(sound)
    assert differing(content, database.content()) == frozenset()


def test_rows_that_are_refused_leave_nothing_behind(loaded, sound):
    database, content = loaded
    with pytest.raises(WarehouseError, match="payment_events"):
        database.load({**sound, "payment_events": (COLUMNS["payment_events"], [b'["no row"]'])})
    database.load(sound)
    assert differing(content, database.content()) == frozenset()


@pytest.mark.parametrize(
    ("view", "old", "new", "seen"),
    [
        ("agg_reliability_1h", "count() AS sessions", "count() + 1 AS sessions", {"agg_reliability_1h"}),
        (
            "mv_network_capabilities_prices_to_dim_orchestrator_capability_prices",
            "typed.pixels_per_unit",
            "typed.price_per_unit + 7 AS pixels_per_unit",
            {"dim_orchestrator_capability_prices"},
        ),
    ],
)
def test_a_changed_view_is_seen_and_taken_back(loaded, sound, warehouse, view, old, new, seen):
    database, content = loaded
    statement = view_statements(warehouse.schema, VARIABLES)[view]
    assert old in statement
    before = rows(database.client, "SELECT name, as_select FROM system.tables WHERE database = currentDatabase()")
    with database.view_changed(view, statement.replace(old, new)):
        database.load(sound)
        assert differing(content, database.content()) >= seen
    database.load(sound)
    assert differing(content, database.content()) == frozenset()
    after = rows(database.client, "SELECT name, as_select FROM system.tables WHERE database = currentDatabase()")
    assert {row["name"]: row["as_select"] for row in before} == {row["name"]: row["as_select"] for row in after}


def test_a_view_that_is_refused_leaves_the_sound_one(loaded, sound):
    database, content = loaded
    refused = pytest.raises(WarehouseError)
    with (
        refused,
        database.view_changed("v_latest_sessions", "CREATE VIEW v_latest_sessions AS SELECT nothing FROM nowhere"),
    ):
        pytest.fail("ClickHouse took a view of nothing")
    database.load(sound)
    assert differing(content, database.content()) == frozenset()
