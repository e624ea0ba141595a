"""The export of a pack without sessions, scenarios and an envelope: the engine knows no pipeline."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import orjson
import pytest

from streamproof.exporting.export import Export
from streamproof.exporting.request import ExportRequest, pack_options
from streamproof.fixtures.ordering import plan_replay
from streamproof.fixtures.verify import check_fixture_set
from streamproof.model.window import Window
from streamproof.packs.loading import read_pack
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from tests.integration.conftest import insert

pytestmark = pytest.mark.engine

ORDERS = Path(__file__).resolve().parents[2] / "packs" / "orders"
WINDOW = Window.parse("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")


@pytest.fixture
def filled(warehouse, home):
    """The pack, and a database with its set as a run leaves it: raw records and typed rows."""
    pack = read_pack(ORDERS / "pack.yaml", home)
    client = warehouse.empty()
    apply_migrations(client, ORDERS / "sql/schema", {"kafka": False, "retention": False})
    plan = plan_replay(pack.manifest(None), pack.replay)
    values = [value.decode() for _, value in plan.records() if value]
    raw = [{"topic": "orders", "partition": 0, "offset": place, "value": value} for place, value in enumerate(values)]
    insert(client, "raw_orders", raw)
    insert(client, "orders", [order for order in map(read, values) if order])
    return pack, warehouse.opened(client), values


def read(value: str) -> dict | None:
    """The order in a value, None for one that is no order."""
    try:
        order = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return order if isinstance(order, dict) and order.get("customer") else None


def test_each_customers_orders_become_a_file_of_exact_values(filled, home, tmp_path):
    pack, database, values = filled
    by_customer = Counter(order["customer"] for order in map(read, values) if order)
    request = ExportRequest(WINDOW, tmp_path / "set", 1_000, options=pack_options(pack, {}))
    exported = Export(database, pack, request, home, {"database": database.database}).run()
    report = check_fixture_set(tmp_path / "set/manifest.json", rules=pack.replay)
    assert (report.problems, report.sessions, report.events) == ((), len(by_customer), sum(by_customer.values()))
    assert {one.id: json.loads(entry)["events"] for one, entry in exported.sessions} == by_customer
    again = plan_replay(tmp_path / "set/manifest.json", pack.replay)
    ordered = [value for value in values if read(value)]
    assert sorted(value.decode() for _, value in again.records() if value) == sorted(ordered)


def test_its_own_option_reaches_its_query(filled, home, tmp_path):
    pack, database, values = filled
    dear = [value for value in values if (order := read(value)) and order["amount"] >= 400]
    assert 0 < len(dear) < len(values)
    options = pack_options(pack, {"smallest-amount": "400"})
    request = ExportRequest(WINDOW, tmp_path / "set", 1_000, options=options)
    exported = Export(database, pack, request, home, {}).run()
    assert exported.events == len(dear)
    assert exported.left_out["entities"] + len(exported.sessions) == exported.found.counts["orders_of_a_customer"]
