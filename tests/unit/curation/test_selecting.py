"""A promoted set: which sessions are in it, where its files are, its window, and what its manifest says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamproof.curation.selecting import Choice, find_manifest, select_set
from streamproof.fixtures.verify import check_fixture_set
from streamproof.model.errors import FixtureError, UsageError
from streamproof.packs.context import Context
from streamproof.packs.pack import Pack
from tests.unit.fixtures.conftest import BASE, SmallSet, event

CONTEXT = Context(
    name="capability", what="wallet", families=("offers",), items="data", id="owner", other_ids=("proxy",),
    named_by=("data.info.wallet",),
)  # fmt: skip
HOUR = 3_600_000


@pytest.fixture(scope="module")
def shop(pack: Pack) -> Pack:
    """A pack of the events of `SmallSet`, whose context are offers."""
    rules = pack.replay.model_copy(update={"event_table": "events", "scenarios": (), "pack": "shop", "id_field": "id"})
    return pack.model_copy(update={"name": "shop", "replay": rules, "context": CONTEXT})


def core(number: int, wallet: object, at: int = 0) -> dict[str, Any]:
    return event(number, at=at, data=json.dumps({"info": {"wallet": wallet}}))


def offers(number: int, *items: object, at: int = 0) -> dict[str, Any]:
    return event(number, at=at, family="offers", data=json.dumps(list(items)))


def data_of(manifest: Path) -> dict[str, Any]:
    return json.loads(manifest.read_text(encoding="utf-8"))


def with_ids(manifest: Path, *ids: str) -> Path:
    """Name the sessions of a manifest in their order."""
    data = data_of(manifest)
    sessions = [session for entry in data["scenarios"].values() for session in entry["sessions"]]
    for session, name in zip(sessions, ids, strict=True):
        session["id"] = name
    manifest.write_text(json.dumps(data), encoding="utf-8")
    return manifest


OFFER = {"owner": "0xOwner", "proxy": "0xProxy"}


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([core(1, "0xPROXY "), offers(2, OFFER)], True),
        ([core(1, "0xowner"), offers(2, {"owner": "0xOwner"})], True),
        ([core(1, "0xother"), core(3, "0xproxy"), offers(2, OFFER)], True),
        ([core(1, ""), core(3, None)], True),
        ([core(1, "0xother"), offers(2, OFFER)], False),
        ([core(1, "0xproxy"), offers(2, {"proxy": "0xProxy", "owner": " "})], False),
        ([core(1, "0xproxy"), offers(2, 5, None)], False),
        ([core(1, "0xproxy")], False),
    ],
)
def test_a_session_without_its_context_is_dropped(shop, small: SmallSet, tmp_path, lines, kept):
    small.files = {"scenario_1/a.jsonl": lines, "scenario_1/b.jsonl": [core(9, "")]}
    manifest = with_ids(small.write(), "a", "b")
    found = select_set(shop, manifest, tmp_path / "set/stable.json", Choice(enforce_overlap=True))
    assert found.report.sessions == 1 + kept
    metadata = data_of(tmp_path / "set/stable.json")["metadata"]
    assert metadata["capability_overlap_enforced"] is True
    dropped = metadata["dropped_sessions_missing_capability_wallet_overlap"]
    assert [entry["id"] for entry in dropped] == ([] if kept else ["a"])
    assert select_set(shop, manifest, tmp_path / "set/all.json", Choice()).report.sessions == 2


def test_what_the_manifest_says_of_a_dropped_session(shop, small: SmallSet, tmp_path):
    small.files = {
        "scenario_1/a.jsonl": [core(1, "0xother"), offers(2, OFFER, {"owner": "0x2"})],
        "scenario_1/b.jsonl": [core(3, "")],
    }
    found = select_set(shop, with_ids(small.write(), "a", "b"), tmp_path / "set/m.json", Choice(enforce_overlap=True))
    assert found.dropped == [
        {
            "scenario": "scenario_1", "id": "a", "file": "scenario_1/a.jsonl", "typed_wallet_count": 1,
            "capability_canonical_wallet_count": 2, "overlap_wallet_count": 0, "sample_overlap_wallets": [],
        }
    ]  # fmt: skip


def test_files_below_the_output_stay_and_others_are_copied(shop, small: SmallSet, tmp_path):
    small.files = {"scenario_1/a.jsonl": [core(1, "")]}
    manifest = small.write()
    select_set(shop, manifest, tmp_path / "stable.json", Choice())
    data = data_of(tmp_path / "stable.json")
    assert data["scenarios"]["scenario_1"]["sessions"][0]["file"] == "set/scenario_1/a.jsonl"
    assert data["metadata"]["promoted_from"] == "set/manifest.json"
    select_set(shop, manifest, tmp_path / "else/stable.json", Choice())
    copied = tmp_path / "else/set/scenario_1/a.jsonl"
    assert copied.read_bytes() == (small.folder / "scenario_1/a.jsonl").read_bytes()
    select_set(shop, manifest, tmp_path / "else/stable.json", Choice())
    copied.write_text("changed\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has other content"):
        select_set(shop, manifest, tmp_path / "else/stable.json", Choice())
    assert not list(tmp_path.rglob(".*"))


def test_repeated_sessions_and_shared_events_count_once(shop, small: SmallSet, tmp_path):
    small.files = {
        "scenario_1/a.jsonl": [offers(7, OFFER, at=-1), core(1, "0xproxy")],
        "scenario_1/b.jsonl": [offers(7, OFFER, at=-1), core(2, "0xproxy")],
    }
    manifest = with_ids(small.write(), "a", "b")
    data = data_of(manifest)
    sessions = data["scenarios"]["scenario_1"]["sessions"]
    data["scenarios"]["scenario_1"]["sessions"] = [*sessions, sessions[0], {**sessions[1], "id": "again"}]
    data["events"] = 3
    manifest.write_text(json.dumps(data), encoding="utf-8")
    found = select_set(shop, manifest, tmp_path / "m.json", Choice(enforce_overlap=True))
    assert (found.report.sessions, found.report.events, found.repeated) == (2, 3, 2)
    assert data_of(tmp_path / "m.json")["events"] == 3
    assert check_fixture_set(tmp_path / "m.json", rules=shop.replay).problems == ()


def test_the_window_holds_sessions_with_padding_and_all_context(shop, small: SmallSet, tmp_path):
    small.files = {"scenario_1/a.jsonl": [offers(2, OFFER, at=-30 * HOUR), core(1, "0xproxy"), core(3, "", at=HOUR)]}
    manifest = small.write()
    window = select_set(shop, manifest, tmp_path / "m.json", Choice(padding_minutes=150)).report.window
    # BASE is 21:00: an hour of events, and two and a half before and after it.
    assert window.as_json() == {"from_ts": "2026-02-26T15:00:00.000Z", "to_ts": "2026-02-28T01:00:00.000Z"}
    data = data_of(manifest)
    data["scenarios"]["scenario_1"]["sessions"][0] |= {
        "session_start_ts": "2026-02-28T03:00:00Z", "session_end_ts": None,
    }  # fmt: skip
    manifest.write_text(json.dumps(data), encoding="utf-8")
    window = select_set(shop, manifest, tmp_path / "m.json", Choice(padding_minutes=0)).report.window
    assert window.as_json()["to_ts"] == "2026-02-28T04:00:00.000Z"
    assert BASE == 1_772_226_000_000


def test_the_newest_set_of_a_folder_is_taken(small: SmallSet, tmp_path):
    for name, made in (("old", "2026-01-02T00:00:00Z"), ("new", "2026-01-03T00:00:00Z")):
        small.folder, small.manifest["generated_at"] = tmp_path / "sets" / name, made
        small.files = {"scenario_1/a.jsonl": [core(1, "")]}
        small.write()
    assert find_manifest(tmp_path / "sets") == tmp_path / "sets/new/manifest.json"
    assert find_manifest(tmp_path / "sets/old") == tmp_path / "sets/old/manifest.json"
    (tmp_path / "empty").mkdir()
    with pytest.raises(FixtureError, match="holds no fixture set"):
        find_manifest(tmp_path / "empty")


def test_what_cannot_be_promoted_leaves_the_old_manifest(pack, shop, small: SmallSet, tmp_path):
    small.files = {"scenario_1/a.jsonl": [core(1, "0xproxy")]}
    manifest = small.write()
    output = tmp_path / "m.json"
    output.write_text("old", encoding="utf-8")
    with pytest.raises(FixtureError, match="No session of"):
        select_set(shop, manifest, output, Choice(enforce_overlap=True))
    with pytest.raises(FixtureError, match="has no scenario other"):
        select_set(shop, manifest, output, Choice(scenarios=("other",)))
    with pytest.raises(UsageError, match="does not say what its sessions need"):
        select_set(shop.model_copy(update={"context": None}), manifest, output, Choice(enforce_overlap=True))
    small.files = {"scenario_1/a.jsonl": ["{}"]}
    with pytest.raises(FixtureError, match="lacks id"):
        select_set(shop, small.write(), output, Choice())
    assert output.read_text(encoding="utf-8") == "old"


def test_expected_rejects_are_those_of_the_chosen_lines(shop, small: SmallSet, tmp_path):
    expect = {"disposition": "dlq"}
    small.files = {
        "scenario_1/a.jsonl": [core(1, ""), event(2, __expect=expect)],
        "scenario_2/b.jsonl": [event(3, __expect=expect)],
    }
    small.scenarios = {"scenario_2/b.jsonl": "scenario_2"}
    small.manifest["expected"] = {"dlq": {"stream_trace": 2}}
    manifest = small.write()
    select_set(shop, manifest, tmp_path / "m.json", Choice(scenarios=("scenario_1",)))
    assert data_of(tmp_path / "m.json")["expected"]["dlq"] == {"stream_trace": 1}


def test_the_shipped_sets_hold_the_context_that_they_need(pack, tmp_path):
    for name in ("golden", "hostile"):
        found = select_set(pack, pack.manifest(name), tmp_path / name / "m.json", Choice(enforce_overlap=True))
        assert (found.dropped, found.report.problems) == ([], ())
        assert found.report.by_type == check_fixture_set(pack.manifest(name), rules=pack.replay).by_type
