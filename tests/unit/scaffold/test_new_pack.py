"""A new pack is written whole or not at all, and bad requests are refused with one message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamproof.checks.check_files import CheckFiles
from streamproof.fixtures.importing.records import Record
from streamproof.fixtures.verify import check_fixture_set
from streamproof.model.errors import FixtureError, UsageError
from streamproof.packs.loading import Packs
from streamproof.scaffold.new_pack import NewPackRequest, make_new_pack

EVENTS = [{"kind": "ab"[n % 2], "id": n, "at": f"2024-03-01T10:{n:02d}:00Z", "ab"[n % 2]: n} for n in range(12)]


def records(*values: bytes) -> list[Record]:
    return [Record(value, line) for line, value in enumerate(values, start=1)]


def of_events(events=EVENTS) -> list[Record]:
    return records(*(json.dumps(event).encode() for event in events))


def request(name: str = "shop", **more) -> NewPackRequest:
    return NewPackRequest(name, "orders.jsonl", **more)


def test_it_goes_into_the_first_folder_of_packs(tmp_path):
    packs = Packs(tmp_path, (tmp_path / "mine", tmp_path / "others"))
    made = make_new_pack(request(), of_events(), packs)
    assert made.folder == tmp_path / "mine" / "shop"
    pack = packs.load("shop")
    assert [table.name for table in made.made.tables] == ["events_a", "events_b"]
    assert pack.layers == {"raw": ("raw_events",), "typed": ("events_a", "events_b")}
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["shop"]


def test_without_such_a_folder_it_goes_into_the_project(tmp_path):
    packs = Packs(tmp_path)
    make_new_pack(request(), of_events(), packs)
    include = tmp_path / "include"
    assert sorted(path.name for path in include.iterdir()) == ["contracts", "fixtures", "packs", "sql"]
    pack = packs.load("shop")
    assert (pack.sql_dir, pack.fixture_sets) == (include / "sql" / "shop", ("captured",))
    assert (include / "packs" / "shop" / "README.md").is_file()


def test_every_check_can_be_read_and_the_fixture_set_verified(tmp_path):
    packs = Packs(tmp_path, (tmp_path,))
    odd = (b"not json", b"[1]", b"\xff\xfe", None, b'{"kind":"a"}')
    made = make_new_pack(request(), [*of_events(), *records(*odd)], packs)
    pack = packs.load("shop")
    files = CheckFiles(pack, tmp_path)
    assert all(files.suite(suite) for suite in pack.suites)
    assert len(files.contracts) == 2
    report = check_fixture_set(pack.manifest(None), rules=pack.replay)
    assert (report.problems, report.events, report.by_type) == ((), 17, {"": 4, "a": 7, "b": 6})
    assert report.expected["dlq"] == {"": 3}
    assert made.problems == {"not_an_object": 1, "not_json": 2}
    assert made.window == {"from_ts": "2024-03-01T10:00:00.000Z", "to_ts": "2024-03-01T11:00:00.000Z"}


def test_events_without_any_time_get_the_present(tmp_path):
    make_new_pack(request(), of_events([{"a": 1}, {"a": 2}]), Packs(tmp_path, (tmp_path,)))
    pack = Packs(tmp_path, (tmp_path,)).load("shop")
    assert check_fixture_set(pack.manifest(None), rules=pack.replay).problems == ()


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("Shop", {}, "no name for a pack"),
        ("a" * 41, {}, "no name for a pack"),
        ("../shop", {}, "no name for a pack"),
        ("shop", {"processor": "flink"}, "no kind of processor 'flink'"),
        ("shop", {"type_field": "sort"}, "no event has a field 'sort'"),
        ("shop", {"type_field": "id.below"}, "no event has a field 'id.below'"),
        ("taken", {}, "a pack 'taken' already"),
        ("folder", {}, "a pack 'folder' already"),
    ],
)
def test_a_bad_request_leaves_nothing(tmp_path, name, more, says):
    packs = Packs(tmp_path, (tmp_path / "packs",))
    make_new_pack(request("taken"), of_events(), packs)
    (tmp_path / "packs" / "folder").mkdir()
    before = sorted(path.name for path in (tmp_path / "packs").iterdir())
    with pytest.raises(UsageError) as refused:
        make_new_pack(request(name, **more), of_events(), packs)
    assert says in refused.value.message
    assert refused.value.hint
    assert sorted(path.name for path in (tmp_path / "packs").iterdir()) == before


@pytest.mark.parametrize("values", [[], [b"x", b"[1]"], [None]])
def test_records_of_which_none_is_an_event_leave_nothing(tmp_path, values):
    with pytest.raises(FixtureError, match=r"orders\.jsonl"):
        make_new_pack(request(), records(*values), Packs(tmp_path, (tmp_path / "packs",)))
    assert not list((tmp_path / "packs").glob("*")) if (tmp_path / "packs").exists() else True


@pytest.mark.parametrize(
    ("values", "says", "helps"),
    [
        ([b'{"a":"M\xfcller"}', b'{"a":"\xfc"}', b"[]"], "orders.jsonl:1: it is not UTF-8.", "Save it as UTF-8."),
        ([b"[]", b'{"a":NaN}', b'{"b":NaN}'], "orders.jsonl:2: NaN is not JSON.", "null or a text"),
        ([None, b"[]"], "orders.jsonl:2: it is a list, not an object.", "Formats that are read"),
        ([None], "(no values).", "Formats that are read"),
    ],
)
def test_the_usual_reason_why_none_is_an_event_is_told(tmp_path, values, says, helps):
    with pytest.raises(FixtureError) as refused:
        make_new_pack(request(), records(*values), Packs(tmp_path, (tmp_path / "packs",)))
    assert says in refused.value.message
    assert helps in refused.value.hint


def test_a_pack_for_a_program_of_the_users_says_where_it_goes(tmp_path):
    packs = Packs(tmp_path, (tmp_path / "packs",))
    made = make_new_pack(request(processor="command"), of_events(), packs)
    assert made.program == tmp_path / "packs" / "shop" / "pipelines" / "program.py"
    assert str(made.program) in (made.folder / "README.md").read_text()
    assert make_new_pack(request("other"), of_events(), packs).program is None


def test_a_source_that_breaks_half_way_leaves_nothing(tmp_path):
    def broken():
        yield from of_events()
        raise FixtureError("events.json:13: not JSON.", hint="Mend it.")

    for packs in (Packs(tmp_path, (tmp_path / "packs",)), Packs(tmp_path)):
        with pytest.raises(FixtureError, match=r"events\.json:13"):
            make_new_pack(request(), broken(), packs)
    assert [str(path) for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        make_new_pack(request(), of_events(), Packs(tmp_path, (tmp_path / "file" / "packs",)))


def test_a_key_with_a_point_is_told_from_a_path(tmp_path):
    packs = Packs(tmp_path, (tmp_path,))
    events = [{"a.b": "xy"[n % 2], "a": {"b": n}, ("p" if n % 2 else "q"): n, "at": 1760000000 + n} for n in range(10)]
    made = make_new_pack(request(type_field='"a.b"'), of_events(events), packs)
    assert made.type_field == '"a.b"'
    assert [table.event_type for table in made.made.tables] == ["x", "y"]
    text = (made.folder / "README.md").read_text(encoding="utf-8")
    assert 'The field `"a.b"` says' in text
    assert '| `"a.b"` |' in text
    assert "| `a.b` |" in text
    schema = (packs.load("shop").sql_dir / "schema" / "0002_typed_tables.sql.j2").read_text(encoding="utf-8")
    assert "COMMENT '\"a.b\"'" in schema
    assert "COMMENT 'a.b'" in schema


def test_braces_of_the_events_are_no_signs_of_the_templates(tmp_path):
    packs = Packs(tmp_path, (tmp_path,))
    events = [{"type": "{{ x }}'\\", "{% raw %}": n, "{p:String}": "y"} for n in range(3)]
    make_new_pack(request(type_field="type"), of_events(events), packs)
    schema = Path(packs.load("shop").sql_dir / "schema" / "0002_typed_tables.sql.j2").read_text(encoding="utf-8")
    assert "{%" not in schema
    assert "{{" not in schema
