"""Event files become fixture sets of an existing pack, whole or not at all."""

from __future__ import annotations

import json

import pytest

from streamproof.fixtures.ordering import plan_replay
from streamproof.fixtures.verify import verified_replay
from streamproof.model.errors import FixtureError, UsageError
from streamproof.packs.loading import Packs, load_pack
from streamproof.scaffold.fixture_import import import_set
from streamproof.scaffold.importing import problem_notice
from streamproof.scaffold.new_pack import NewPackRequest, make_new_pack
from tests.unit.scaffold.test_new_pack import of_events

KCAT = (
    {"offset": 0, "ts": 1_709_287_200_000, "key": "k", "headers": ["h", "1"], "payload": '{"kind":"a", "id": 1.0}'},
    {"offset": 1, "ts": 1_709_287_200_001, "key": None, "payload": None},
    {"offset": 2, "ts": 1_709_287_200_002, "key": None, "payload": "no json"},
    {"offset": 3, "ts": 1_709_287_200_003, "key": None, "payload": '{"kind":"new"}'},
)


@pytest.fixture
def pack(tmp_path):
    packs = Packs(tmp_path, (tmp_path / "packs",))
    make_new_pack(NewPackRequest("shop", "orders.jsonl"), of_events(), packs)
    return packs.load("shop")


def kcat_file(folder, rows=KCAT):
    file = folder / "topic.jsonl"
    file.write_text("".join(json.dumps({"topic": "t", "partition": 0, **row}) + "\n" for row in rows))
    return file


def test_records_are_published_with_key_headers_and_time(pack, tmp_path):
    found = import_set(pack, [kcat_file(tmp_path)], tmp_path / "set")
    plan, report = verified_replay(found.manifest, rules=pack.replay)
    seen = [
        (plan.value(e), e.key, e.headers, e.publish_ms, e.event_type, e.expect and e.expect.reason) for e in plan.events
    ]
    assert seen == [
        (b'{"kind":"a", "id": 1.0}', b"k", (("h", b"1"),), 1_709_287_200_000, "a", None),
        (None, None, (), 1_709_287_200_001, "", None),
        (b"no json", None, (), 1_709_287_200_002, "", "not_json"),
        (b'{"kind":"new"}', None, (), 1_709_287_200_003, "", None),
    ]
    # A type that the pack does not know is no fault of the file: the run shows what the pipeline does with it.
    assert found.problems == {"not_json": 1, "unknown_type": 1}
    assert report.expected["dlq"] == {"": 1}


def test_several_files_are_one_set(pack, tmp_path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.csv"
    first.write_text('{"kind":"a","id":1,"at":"2024-03-01T10:00:00Z"}\n')
    second.write_text("kind,id,at\nb,2,2024-03-01T12:00:00Z\n")
    found = import_set(pack, [first, second], tmp_path / "set")
    assert found.report.by_type == {"a": 1, "b": 1}
    assert found.report.window.as_json()["to_ts"] == "2024-03-01T13:00:00.000Z"


def test_a_pack_with_an_envelope_reads_its_own(home, tmp_path):
    pack = load_pack(home, "livepeer")
    value = {
        "id": "e1",
        "type": "stream_trace",
        "timestamp": "1709287200000",
        "gateway": "g",
        "data": {"stream_id": "s"},
    }
    file = tmp_path / "captured.jsonl"
    file.write_text(json.dumps(value) + "\n" + json.dumps({**value, "id": "e2"}) + "\n")
    scenario = next(iter(pack.scenarios))
    found = import_set(pack, [file], tmp_path / "set", scenario=scenario)
    plan = plan_replay(found.manifest, pack.replay)
    assert [(e.event_id, e.event_type, e.publish_ms, e.key) for e in plan.events] == [
        ("e1", "stream_trace", 1_709_287_200_000, b"s"),
        ("e2", "stream_trace", 1_709_287_200_000, b"s"),
    ]
    with pytest.raises(UsageError, match="has scenarios, and none is named"):
        import_set(pack, [file], tmp_path / "other")
    with pytest.raises(UsageError, match="has no scenario 'x'"):
        import_set(pack, [file], tmp_path / "other", scenario="x")


def test_nothing_is_left_of_a_set_that_cannot_be_made(pack, tmp_path):
    good, bad = kcat_file(tmp_path), tmp_path / "bad.json"
    bad.write_text("[\n{}")
    with pytest.raises(FixtureError, match=r"bad\.json:2"):
        import_set(pack, [good, bad], tmp_path / "out" / "set")
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(UsageError, match="is there already"):
        import_set(pack, [good], tmp_path)


@pytest.mark.parametrize(
    "scenario",
    ["", ".", "..", "a/b", "a b", "../../outside", "/tmp/outside", "a\\b", "a\n", "manifest.json", "x" * 101, "ä"],
)
def test_a_scenario_that_is_no_plain_name_is_refused_before_anything_is_written(pack, tmp_path, scenario):
    file = kcat_file(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="is no name for a scenario"):
        import_set(pack, [file], tmp_path / "new" / "set", scenario=scenario)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_plain_name_of_a_scenario_is_taken(pack, tmp_path):
    found = import_set(pack, [kcat_file(tmp_path)], tmp_path / "set", scenario="2024-03_a.b")
    assert found.report.by_scenario == {"2024-03_a.b": 4}
    assert found.report.manifest == found.report.as_json()["manifest"] == str(tmp_path / "set" / "manifest.json")


@pytest.mark.parametrize(
    ("problem", "number", "says"),
    [
        ("not_json", 1, "1 record is no event (not_json): it is expected among the rejects."),
        ("not_an_object", 5, "5 records are no events (not_an_object): they are expected among the rejects."),
        (
            "unknown_type",
            2,
            "2 records are of a type that the pack does not know (unknown_type): they are not expected among the "
            "rejects.",
        ),
    ],
)
def test_a_notice_is_a_sentence(problem, number, says):
    assert problem_notice(problem, number) == says


def test_a_file_of_events_in_place_of_a_manifest_is_answered_with_the_command(pack, tmp_path):
    (tmp_path / "array.json").write_text('[{"a":1}]')
    (tmp_path / "object.json").write_text('{"a":1}')
    for file in (kcat_file(tmp_path), tmp_path / "array.json", tmp_path / "object.json"):
        with pytest.raises(FixtureError) as refused:
            verified_replay(file, rules=pack.replay)
        assert "streamproof fixtures import" in refused.value.hint
