"""The tables of an entity's page: which saved rows belong to it, and what is made of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamproof.content import entity_rows, entity_tables
from streamproof.content.entity_tables import known_ids, read_tables
from streamproof.model.content import SavedContent, SavedTable
from streamproof.packs.entities import Entities

HOUR = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR_MS = 1_772_366_400_000


def at(second: int) -> datetime:
    return HOUR.replace(second=second)


@pytest.fixture
def saved(tmp_path):
    """The function that saves tables of rows and returns the tables of the pages of some rides."""

    def read(tables, sections, ids, **content):
        index = SavedContent("p", tuple(SavedTable("raw", name, f"{name}.parquet") for name in tables), **content)
        for name, rows in tables.items():
            table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows)
            pq.write_table(table, tmp_path / f"{name}.parquet")
        page = {"sections": [{"title": section["table"], **section} for section in sections], "blanks": ["_none"]}
        entities = Entities(name="ride", plural="rides", id="ride_id", id_parts=("car", "number"), page=page)
        return read_tables(tmp_path, index, entities, ids)

    return read


def test_rows_are_found_by_the_id_its_parts_or_paths_into_json(saved):
    tables = {
        "by_id": [{"ride_id": "a|1", "x": 1}, {"ride_id": "b|1", "x": 2}],
        "by_parts": [{"car": " a ", "number": "1"}, {"car": "a", "number": "2"}],
        "by_path": [{"body": '{"at": {"car": "a", "number": 1}}'}, {"body": "no JSON"}, {"body": None}],
    }
    sections = [
        {"table": "by_id"},
        {"table": "by_parts"},
        {"table": "by_path", "key": ["body.at.car", "body.at.number"], "first": ["body.at.number"]},
    ]
    one, other = saved(tables, sections, ["a|1", "b|1"]).values()
    assert [table.rows for table in one] == [(("a|1", 1),), ((" a ", "1"),), ((1, tables["by_path"][0]["body"]),)]
    assert one[2].columns == ("body.at.number", "body")
    assert [table.total for table in other] == [1, 0, 0]


def test_a_part_that_an_event_lacks_has_a_text_in_the_id(saved):
    tables = {"t": [{"car": "", "number": "1"}, {"car": None, "number": "1"}, {"car": "_none", "number": "1"}]}
    (page,) = saved(tables, [{"table": "t"}], ["_none|1"]).values()
    assert page[0].rows == (("", "1"), (None, "1"))


def test_related_rows_have_a_value_of_the_entitys_own_and_the_nearest_are_shown(saved):
    tables = {
        "t": [{"ride_id": "a|1", "driver": "Eve", "t": at(30)}, {"ride_id": "a|1", "driver": "", "t": at(40)}],
        "offers": [
            {"who": "EVE ", "also": "", "t": at(0), "n": 1},
            {"who": "", "also": "eve", "t": at(29), "n": 2},
            {"who": "eve", "also": "eve", "t": at(50), "n": 3},
            {"who": "", "also": "Bob", "t": at(30), "n": 4},
        ],
    }
    related = {"columns": ["who", "also"], "of": ["t"], "value": "driver"}
    sections = [
        {"table": "t", "time": "t"},
        {"table": "offers", "related": related, "time": "t", "nearest": 2, "omit": ["who", "also", "t"]},
    ]
    (page,) = saved(tables, sections, ["a|1"]).values()
    assert page[1].rows == ((2,), (3,))
    assert (page[1].read, page[1].total) == (2, 3)
    assert [table.nearest for table in page] == [0, 3]


@pytest.mark.parametrize("driver", ["Straße 7", "ÉLAN", "ⅷ", "ﬁve", "7"])
def test_related_rows_are_found_in_any_case_and_script(saved, driver):
    spellings = [driver, driver.upper(), driver.lower(), f" {driver.casefold()}\u2003", "other", None]
    tables = {
        "t": [{"ride_id": "a|1", "driver": driver}],
        "offers": [{"who": spelling, "n": number} for number, spelling in enumerate(spellings)],
    }
    related = {"columns": ["who"], "of": ["t"], "value": "driver"}
    (page,) = saved(
        tables, [{"table": "t"}, {"table": "offers", "related": related, "omit": ["who"]}], ["a|1"]
    ).values()
    assert page[1].rows == ((0,), (1,), (2,), (3,))


def test_related_values_that_are_no_text_are_found(saved):
    tables = {
        "t": [{"ride_id": "a|1", "driver": 7}],
        "offers": [{"who": 7, "body": '{"who": 8}', "n": 1}, {"who": 8, "body": '{"who": "7"}', "n": 2}],
    }
    related = {"columns": ["who", "body.who"], "of": ["t"], "value": "driver"}
    sections = [{"table": "t"}, {"table": "offers", "related": related, "omit": ["who", "body"]}]
    (page,) = saved(tables, sections, ["a|1"]).values()
    assert page[1].rows == ((1,), (2,))


def test_marks_and_series_are_in_the_order_of_time(saved):
    rows = [
        {"ride_id": "a|1", "t": HOUR_MS + 5000, "until": HOUR_MS + 9000, "kind": "stop", "speed": 1.5},
        {"ride_id": "a|1", "t": HOUR_MS, "until": None, "kind": "start", "speed": float("nan")},
        {"ride_id": "a|1", "t": None, "until": None, "kind": "lost", "speed": 3.0},
    ]
    section = {"table": "t", "time": "t", "until": "until", "drawn": True, "label": ["kind"], "values": ["speed"]}
    ((table,),) = saved({"t": rows}, [section], ["a|1"]).values()
    assert [(mark.lane, mark.label, mark.start, mark.end) for mark in table.marks] == [
        ("t", "start", HOUR_MS, None),
        ("t", "stop", HOUR_MS + 5000, HOUR_MS + 9000),
    ]
    assert table.series[0].points == ((HOUR_MS + 5000, 1.5),)
    assert [row[1] for row in table.rows] == ["2026-03-01T12:00:00.000Z", "2026-03-01T12:00:05.000Z", None]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_a_time_without_a_zone_is_utc_wherever_it_is_read(saved, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        rows = [{"ride_id": "a|1", "t": at(5).replace(tzinfo=None)}]
        ((table,),) = saved({"t": rows}, [{"table": "t", "time": "t", "drawn": True}], ["a|1"]).values()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [mark.start for mark in table.marks] == [HOUR_MS + 5000]
    assert table.rows == (("a|1", "2026-03-01T12:00:05.000Z"),)


def test_decimals_are_numbers_and_times(saved):
    rows = [{"ride_id": "a|1", "t": Decimal(HOUR_MS + n), "price": Decimal(f"{n}.25")} for n in range(2)]
    rows.append({"ride_id": "a|1", "t": Decimal(HOUR_MS + 2), "price": None})
    section = {"table": "t", "time": "t", "values": ["price"]}
    ((table,),) = saved({"t": rows}, [section], ["a|1"]).values()
    assert table.series[0].points == ((HOUR_MS, 0.25), (HOUR_MS + 1, 1.25))
    assert [row[1:] for row in table.rows[1:]] == [
        ("2026-03-01T12:00:00.001Z", "1.25"),
        ("2026-03-01T12:00:00.002Z", None),
    ]


@pytest.mark.parametrize("value", [None, True, "1", float("nan"), float("inf"), b"1", []], ids=repr)
def test_what_is_no_number_is_neither_a_time_nor_drawn(value):
    assert entity_rows.milliseconds(value) is None
    assert not entity_rows.is_number(value)


def test_a_lane_is_the_value_of_a_column(saved):
    rows = [{"ride_id": "a|1", "t": at(second), "kind": kind} for second, kind in enumerate(("x", "y", None))]
    section = {"table": "t", "time": "t", "drawn": True, "lane": "kind"}
    ((table,),) = saved({"t": rows}, [section], ["a|1"]).values()
    assert [mark.lane for mark in table.marks] == ["x", "y", "no value"]


def test_what_cannot_be_read_says_why_and_hides_nothing_else(saved):
    tables = {"t": [{"ride_id": "a|1"}], "other": [{"x": 1}]}
    sections = [
        {"table": "absent"},
        {"table": "refused"},
        {"table": "t", "time": "moment"},
        {"table": "other"},
    ]
    (page,) = saved(tables, sections, ["a|1"], not_saved={"refused": "The server was full."}).values()
    assert [table.note for table in page] == [
        "The run did not save this table: There is no projection `absent`.",
        "The run did not save this table: The server was full.",
        "The saved rows have no column for `moment` of section 't'.",
        "No column of the saved rows holds an id: section 'other' needs `key` or `related`.",
    ]


def test_a_file_that_is_torn_or_gone_is_named(saved, tmp_path, monkeypatch):
    write = pq.write_table
    monkeypatch.setattr(pq, "write_table", lambda table, path: path.write_bytes(b"PAR1 and no more"))
    ((torn,),) = saved({"t": [{"ride_id": "a|1"}]}, [{"table": "t"}], ["a|1"]).values()
    assert torn.note.startswith("t.parquet cannot be read: ")
    monkeypatch.setattr(pq, "write_table", lambda table, path: path.unlink())
    ((gone,),) = saved({"t": [{"ride_id": "a|1"}]}, [{"table": "t"}], ["a|1"]).values()
    assert gone.note.startswith("t.parquet cannot be read: ")
    monkeypatch.setattr(pq, "write_table", write)
    ((found,),) = saved({"t": [{"ride_id": "a|1"}]}, [{"table": "t"}], ["a|1"]).values()
    assert (found.note, found.total) == ("", 1)


def test_few_rows_are_kept_and_shown_and_all_are_counted(saved, monkeypatch):
    monkeypatch.setattr(entity_rows, "MOST_KEPT", 4)
    monkeypatch.setattr(entity_rows, "BATCH", 3)
    monkeypatch.setattr(entity_tables, "MOST_SHOWN", 2)
    rows = [{"ride_id": f"{'ab'[n % 2]}|1", "t": n, "v": n} for n in range(20)]
    one, other = saved({"t": rows}, [{"table": "t", "time": "t", "values": ["v"]}], ["a|1", "b|1"]).values()
    for (table,), first in ((one, 0), (other, 1)):
        assert (table.total, len(table.rows), len(table.series[0].points)) == (10, 2, 4)
        assert [row[2] for row in table.rows] == [first, first + 2]


def test_the_nearest_rows_are_chosen_among_those_that_are_kept(saved, monkeypatch):
    monkeypatch.setattr(entity_rows, "MOST_KEPT", 2)
    rows = [{"ride_id": "a|1", "t": at(n)} for n in range(5)]
    ((table,),) = saved({"t": rows}, [{"table": "t", "time": "t", "nearest": 1}], ["a|1"]).values()
    assert (table.read, table.nearest, table.total) == (1, 2, 5)


def test_values_of_any_type_become_plain(saved):
    schema = pa.schema([("ride_id", pa.string()), ("m", pa.map_(pa.string(), pa.int32())), ("b", pa.binary())])
    rows = pa.Table.from_pylist([{"ride_id": "a|1", "m": [("k", 1)], "b": b"\xff"}], schema=schema)
    ((table,),) = saved({"t": rows}, [{"table": "t"}], ["a|1"]).values()
    assert table.rows == (("a|1", {"k": 1}, "0xff"),)


def test_a_time_that_python_lacks_is_shown_as_text_and_is_no_mark(saved):
    times = pa.array([-62_135_596_800_001, HOUR_MS], pa.timestamp("ms", "UTC"))
    rows = pa.table({"ride_id": ["a|1", "a|1"], "at": times})
    ((table,),) = saved({"t": rows}, [{"table": "t", "time": "at", "drawn": True}], ["a|1"]).values()
    assert table.rows[1] == ("a|1", "0000-12-31 23:59:59.999Z")
    assert [mark.start for mark in table.marks] == [HOUR_MS]


def test_text_that_is_no_utf8_is_shown_as_far_as_it_is(saved):
    text = pa.array([b"a|1", b"\xff|1"]).view(pa.string())
    pairs = pa.MapArray.from_arrays([0, 1, 2], pa.array(["k", "k"]), pa.array([b"v\xff", b"w"]).view(pa.string()))
    rows = pa.table({"ride_id": text, "body": pa.array([b"\xfe", b""]).view(pa.string()), "m": pairs})
    ((table,),) = saved({"t": rows}, [{"table": "t"}], ["a|1"]).values()
    assert table.rows == (("a|1", "\N{REPLACEMENT CHARACTER}", {"k": "v\N{REPLACEMENT CHARACTER}"}),)


def test_the_known_ids_are_those_of_every_table_that_can_be_read(tmp_path):
    pq.write_table(pa.Table.from_pylist([{"ride_id": "a|1"}, {"ride_id": "a|1"}, {"ride_id": ""}]), tmp_path / "1")
    pq.write_table(pa.Table.from_pylist([{"ride_id": "b|1"}]), tmp_path / "2")
    pq.write_table(pa.Table.from_pylist([{"x": "c|1"}]), tmp_path / "3")
    (tmp_path / "4").write_bytes(b"torn")
    content = SavedContent("p", tuple(SavedTable("raw", name, name) for name in "1234"))
    assert known_ids(tmp_path, content, Entities(name="ride", plural="rides", id="ride_id")) == {"a|1", "b|1"}


def test_ids_of_any_characters_are_found(saved):
    ids = ["a.b|1", "(c|2", "\N{SNOWMAN}|3", "|4", "d|\u00e9"]
    rows = [{"car": it.partition("|")[0] or None, "number": it.partition("|")[2]} for it in ids]
    rows.append({"car": "axb", "number": "1"})
    pages = saved({"t": rows}, [{"table": "t"}], ids)
    assert [page[0].rows for page in pages.values()] == [((row["car"], row["number"]),) for row in rows[:5]]


def test_ids_that_json_holds_escaped_are_found(saved):
    texts = [r'{"car": "\u0061bc", "number": "1"}', '{"car": "abc", "number": 1}', '{"car": "abcd", "number": 1}']
    sections = [{"table": "t", "key": ["x.car", "x.number"]}]
    (page,) = saved({"t": [{"x": text} for text in texts]}, sections, ["abc|1"]).values()
    assert page[0].total == 2
