"""Rows that the engine writes, and whether those of the pipeline have arrived."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from streamproof.checks.service_logs import read_log, write_log_lines
from streamproof.model.errors import WarehouseError
from streamproof.model.fixture import NULL_VALUE, Expectation, FixtureEvent, FixtureSession
from streamproof.warehouse.postgres.client import connect
from streamproof.warehouse.values import RecordTable

RAW = RecordTable("raw", "topic", "part", "position")
KINDS = ("bytes", "null")


@dataclass
class Positions:
    topic: str = "in"
    partitions: list[int] = field(default_factory=lambda: [0, 1, 0])
    offsets: list[int] = field(default_factory=lambda: [0, 0, 1 << 40])


def publish(database) -> int:
    """Write the ledger of three records: two with a value, one without."""
    session = FixtureSession("scenario_1", "s|r", "a.jsonl")
    events = [
        FixtureEvent(session, line, f"id-{line}", "kind", 1_772_226_000_005, 1_772_226_000_009, b"k", 0, 2, None)
        for line in (1, 2)
    ]
    events.append(FixtureEvent(session, 3, "", "", None, 5, None, 0, NULL_VALUE, Expectation("dlq")))
    records = zip(events, (b"{}", b"[]", None), strict=True)
    return database.write_ledger(Positions(), records, Expectation("accepted"), lambda event, _value: event.event_id)


@pytest.fixture
def fed(filled):
    filled.script("CREATE TABLE raw (topic text, part int, position bigint, value text)", "raw")
    assert publish(filled) == 3
    return filled


def test_the_ledger_holds_what_was_published(fed):
    row = fed.query("SELECT * FROM replay_ledger WHERE sequence = 0").named()[0]
    assert (row["source_topic"], row["source_partition"], row["source_offset"]) == ("in", 0, 0)
    assert row["record_timestamp"] == datetime(2026, 2, 27, 21, 0, 0, 9000, UTC)
    assert (row["accounted_id"], row["expected_disposition"], row["scenario"]) == ("id-1", "accepted", "scenario_1")
    null = fed.query("SELECT event_timestamp, value_kind, value_sha256 FROM replay_ledger WHERE sequence = 2").rows
    assert null == [(None, "null", "")]
    assert list(fed.ledger_positions()) == [("in", 0, 0), ("in", 1, 0), ("in", 0, 1 << 40)]


def test_what_has_arrived_is_counted_by_position(fed):
    assert fed.unaccounted(RAW, "in", KINDS) == (0, 3)
    fed.script(
        "INSERT INTO raw VALUES ('in', 0, 0, 'a'), ('in', 0, 0, 'a'), ('other', 1, 0, 'b'), ('in', 7, 7, '')", "x"
    )
    assert fed.unaccounted(RAW, "in", KINDS) == (1, 3)
    assert fed.unaccounted(RAW, "in", ("null",)) == (0, 1)
    assert fed.row_count(RAW, "in") == 3
    assert [row["value"] for row in fed.records_at(RAW, "in", [(7, 7), (0, 0)])] == ["a", "a", ""]
    assert fed.records_at(RAW, "in", []) == []


def test_the_state_of_a_table_changes_with_every_write(filled):
    tables = ["readings", "days", "families"]
    states = [filled.table_states(tables)]
    assert {name: state.rows for name, state in states[0].items()} == {"readings": 3, "days": 3, "families": 2}
    assert filled.table_states(tables) == states[0]
    for change in (
        "UPDATE readings SET number = number WHERE id = 'a'",
        "UPDATE days SET half = 3 WHERE reading = 'c'",
        "INSERT INTO readings SELECT 'd', family, at FROM readings WHERE id = 'a'",
        "DELETE FROM readings WHERE id = 'd'",
    ):
        filled.execute(change)
        states.append(filled.table_states(tables))
    assert all(before != after for before, after in pairwise(states))


def test_an_open_transaction_is_seen_until_its_end(filled):
    assert filled.inserts_running() == 0
    other = connect(filled.client.settings)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM readings")
    assert filled.inserts_running() == 0
    other.execute("INSERT INTO days (day, reading) VALUES ('2024-01-16', 'd')")
    assert filled.inserts_running() == 1
    other.execute("ROLLBACK")
    assert filled.inserts_running() == 0
    other.execute("CREATE TEMPORARY TABLE waiting (a int)")
    other.execute("BEGIN")
    other.execute("INSERT INTO waiting VALUES (1)")
    assert filled.inserts_running() == 1
    other.close()


def test_rows_of_json_values_are_inserted(filled):
    rows = [
        [
            "n1",
            "one",
            "2024-01-15T00:00:00.123456Z",
            "1.000000001",
            1e-300,
            1 << 60,
            ["a", "b'c", None],
            {"a": [1, None]},
        ],
        ["n2", "zwei\t\\N", "2024-01-15 00:00+02", None, None, 0, [], "text"],
        ["n3", "", "2024-01-15", 5, 2, True, ["x"], [1, 2]],
    ]
    columns = ["id", "family", "at", "value", "ratio", "number", "tags", "data"]
    rows[2][5] = 1
    assert filled.insert("readings", columns, iter(rows), what="The rows") == 3
    found = filled.query("SELECT * FROM readings WHERE id LIKE 'n%' ORDER BY id").rows
    assert found[0][2] == datetime(2024, 1, 15, 0, 0, 0, 123_456, UTC)
    assert [str(row[3]) for row in found] == ["1.000000001", "None", "5.000000000"]
    assert [row[6] for row in found] == [["a", "b'c", None], [], ["x"]]
    assert [row[7] for row in found] == [{"a": [1, None]}, "text", [1, 2]]
    assert (found[0][4], found[0][5], found[1][1]) == (1e-300, 1 << 60, "zwei\t\\N")


def test_rows_are_inserted_all_or_not_at_all(filled):
    with pytest.raises(WarehouseError, match=r"^The rows could not be loaded: .*duplicate key.*23505"):
        filled.insert(
            "days", ["day", "reading"], [["2024-01-15", "x"], ["2024-01-15", "a"]], what="The rows could not be loaded"
        )
    with pytest.raises(WarehouseError, match="no partition"):
        filled.insert("days", ["day", "reading"], [["2024-01-15", "x"], ["2020-01-15", "y"]], what="The rows")
    assert filled.row_counts(["days"]) == {"days": 3}


def test_the_ids_of_a_topic_are_replaced(filled):
    assert filled.store_reject_ids("topic dlq", [(0, 1, "a"), (0, 2, "")]) == 2
    assert filled.store_reject_ids("topic other", [(0, 1, "b")]) == 1
    assert filled.store_reject_ids("topic dlq", [(1, 1, "c")]) == 1
    found = filled.query("SELECT place, id FROM reject_topic_ids ORDER BY place").rows
    assert found == [("topic dlq", "c"), ("topic other", "b")]


def test_the_lines_of_logs_replace_those_of_an_earlier_call(filled):
    log = read_log("kafka", ["2026-11-22T06:28:29,865Z WARN  slow", "2026-11-22T06:28:30,000Z ERROR \x00 down"])
    write_log_lines(filled, [log])
    more = read_log("kafka", ["2026-11-22T06:28:29,865Z WARN  slow", "", "2026-11-22T06:28:31,000Z ERROR up"])
    assert write_log_lines(filled, [log, more]) == 6
    found = filled.query("SELECT level, line_number, logged_at, text FROM service_log_lines ORDER BY 1, 2").rows
    assert [row[:2] for row in found] == [("ERROR", 2), ("ERROR", 3), ("READ", 0), ("WARN", 1)]
    assert found[0][3].endswith("ERROR \\0 down")
    assert (found[1][2], found[2][3]) == (datetime(2026, 11, 22, 6, 28, 31, tzinfo=UTC), "3")


@pytest.mark.parametrize("name", ["readings", "days", "families", "largest"])
def test_an_object_is_emptied(filled, name):
    for statement in filled.emptying(name, is_view=filled.shapes([name])[name].is_view):
        filled.execute(statement)
    assert filled.query(f"SELECT count(*) FROM {name}").rows == [(0,)]
    if name == "families":
        assert filled.query("SELECT count(*) FROM largest").rows == [(0,)]


def test_shapes_are_those_of_tables_and_views(unchanged):
    shapes = unchanged.shapes(["readings", "days", "days_20240115", "families", "absent"])
    assert shapes.keys() == {"readings", "days", "families"}
    assert shapes["readings"].columns["value"] == "numeric(20,9)"
    assert shapes["readings"].columns["at"] == "timestamp with time zone"
    assert shapes["days"].computed == {"id", "twice"}
    assert (shapes["families"].is_view, shapes["days"].is_view) == (True, False)


def test_what_a_text_reads_is_known_by_name_unless_it_reads_the_catalog(unchanged):
    names = {"readings", "days"}
    assert unchanged.objects_read("SELECT * FROM readings, other", names) == {"readings"}
    assert unchanged.objects_read("SELECT relname FROM pg_class", names) is None
    assert unchanged.objects_read("SELECT 'readings'::regclass", names) is None
