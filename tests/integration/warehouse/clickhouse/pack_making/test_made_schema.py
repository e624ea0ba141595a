"""The schema of a new pack in the real engine: every value of hostile events arrives in its column exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproof.checks.assertions import run_check
from streamproof.fixtures.importing.records import Record
from streamproof.fixtures.plain_values import classified
from streamproof.model.results import Status
from streamproof.packs.loading import Packs, read_pack
from streamproof.packs.pack import Pack
from streamproof.scaffold.new_pack import NewPackRequest, make_new_pack
from streamproof.sql.blocks import read_blocks
from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.migrations import apply_migrations

pytestmark = pytest.mark.engine

CASES = yaml.safe_load((Path(__file__).parent / "value_cases.yaml").read_text(encoding="utf-8"))
# What stands in for the Kafka engine's table: its columns, virtual ones included.
ARRIVED = """
CREATE TABLE raw_events_kafka
(
    payload String, _topic String, _partition UInt64, _offset UInt64, _timestamp_ms Nullable(DateTime64(3)),
    _key String, `_headers.name` Array(String), `_headers.value` Array(String)
)
ENGINE = Null
"""


def made_pack(values: Sequence[bytes], folder: Path, **request: Any) -> Pack:
    """Make a pack of these values below a folder."""
    packs = Packs(folder, (folder / "packs",))
    records = [Record(value, line) for line, value in enumerate(values, start=1)]
    made = make_new_pack(NewPackRequest("made", "events.jsonl", **request), records, packs)
    return read_pack(made.folder / "pack.yaml", folder)


def filled(warehouse: Any, pack: Pack, values: Sequence[bytes]) -> Any:
    """Return a client on a database with the pack's schema, into which these values have arrived."""
    client = warehouse.empty()
    apply_migrations(client, pack.sql_dir / "schema", {"kafka": False, "retention": False})
    execute(client, ARRIVED)
    text = (pack.sql_dir / "schema" / "0001_raw_events.sql.j2").read_text(encoding="utf-8")
    view = re.search(r"CREATE MATERIALIZED VIEW .*?FROM raw_events_kafka", text, re.DOTALL)
    assert view
    execute(client, view[0])
    for offset, value in enumerate(values):
        execute(
            client,
            f"INSERT INTO raw_events_kafka SELECT unhex('{value.hex()}'), 't', 0, {offset}, "
            "toDateTime64('2024-03-01 00:00:00', 3, 'UTC'), '', [], []",
        )
    return client


def parity_of(warehouse: Any, pack: Pack, client: Any) -> dict[str, dict[str, Any]]:
    """Return the diagnostics of the checks of columns that do not pass, by name: parity and enumerations."""
    found = {}
    with_checks = warehouse.opened(client)
    folder = pack.sql_dir / "assertions" / "typed"
    for file in sorted([*folder.glob("*_equals_raw.sql"), *folder.glob("enumerations_hold.sql")]):
        result = run_check(with_checks, read_blocks(file)[0], {}, suite="typed")
        if result.status is not Status.PASSED:
            found[result.name] = {"error": result.error, **result.diagnostics}
    return found


@pytest.mark.parametrize("case", CASES["columns"], ids=lambda case: case["name"])
def test_a_column_holds_every_value_exactly(warehouse, tmp_path, case):
    values = [text.encode() for text in case["events"]]
    pack = made_pack(values, tmp_path)
    client = filled(warehouse, pack, values)
    types = {row["name"]: row["type"] for row in rows(client, "DESCRIBE TABLE events")}
    assert {name: types[name] for name in case["types"]} == case["types"]
    for name, wanted in case["values"].items():
        found = rows(
            client, f"SELECT CAST(toString(`{name}`), 'Nullable(String)') AS text FROM events ORDER BY record_offset"
        )
        assert [row["text"] for row in found] == wanted, name
    assert parity_of(warehouse, pack, client) == {}


def test_the_warehouse_and_the_fixtures_agree_on_what_is_an_event(warehouse, tmp_path):
    """The ledger expects what the fixtures say; the raw table must say the same of any bytes."""
    values = [bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode() for case in CASES["agreement"]]
    sound = [b'{"kind":"a","x":1}', b'{"kind":"b","y":1}'] * 9
    pack = made_pack([*sound, *values], tmp_path, type_field="kind")
    client = filled(warehouse, pack, values)
    rules = pack.replay.values
    assert rules is not None
    found = rows(client, "SELECT family, problem FROM raw_events ORDER BY record_offset")
    assert len(found) == len(values)
    seen = {value: (row["family"], row["problem"]) for value, row in zip(values, found, strict=True)}
    assert seen == {value: classified(value, rules)[:2] for value in values}


def test_a_changed_value_of_every_column_is_noticed(warehouse, tmp_path):
    values = [text.encode() for case in CASES["columns"] if case["name"] == "numbers" for text in case["events"]]
    pack = made_pack(values, tmp_path)
    client = filled(warehouse, pack, values)
    execute(client, "INSERT INTO events SELECT * REPLACE (record_offset + 1000 AS record_offset) FROM events LIMIT 1")
    noticed = parity_of(warehouse, pack, client)["events_equals_raw"]
    assert "small" in noticed["columns"]


def test_events_with_very_many_fields_fit_into_a_query(warehouse, tmp_path):
    parts = {f"part_{n}": {"user_details": {f"some_long_key_{m}": m + 0.25 for m in range(150)}} for n in range(6)}
    values = [json.dumps({"payload": {"pull_request": parts}}).encode()]
    pack = made_pack(values, tmp_path)
    client = filled(warehouse, pack, values)
    assert len(rows(client, "DESCRIBE TABLE events")) > 400
    assert parity_of(warehouse, pack, client) == {}
