"""The committed sets are what the generator writes, and both verify clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from packs.livepeer.generator import KINDS, generate, generate_load
from streamproof.fixtures.ordering import plan_replay
from streamproof.fixtures.verify import verified_replay
from streamproof.model.fixture import ReplayRules

RULES = ReplayRules(
    first_types=("network_capabilities",),
    key_field="stream_id",
    event_table="streaming_events",
    id_field="workflow_session_id",
)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_committed_set_is_what_the_generator_writes(kind, sets, tmp_path):
    generate(kind, tmp_path)
    assert contents(tmp_path) == contents(sets / kind)


def test_another_seed_gives_other_sessions_of_the_same_shape(tmp_path, sets):
    _, report = verified_replay(generate("golden", tmp_path, seed=7), rules=RULES)
    _, committed = verified_replay(sets / "golden" / "manifest.json", rules=RULES)
    assert report.manifest_sha256 != committed.manifest_sha256
    assert (report.sessions, report.by_type) == (committed.sessions, committed.by_type)


def test_there_is_no_other_kind(tmp_path):
    with pytest.raises(ValueError, match="golden, hostile"):
        generate("silver", tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_committed_set_verifies_clean(kind, sets):
    _, report = verified_replay(sets / kind / "manifest.json", rules=RULES)
    assert (report.problems, report.bad_lines, report.notices) == ((), (), ())


def test_capabilities_shared_by_the_golden_files_are_published_once(sets):
    _, report = verified_replay(sets / "golden" / "manifest.json", rules=RULES)
    assert report.shared_events_published_once == report.sessions - 1


@pytest.mark.parametrize("kind", KINDS)
def test_smoke_has_one_session_of_each_scenario(kind, sets):
    _, report = verified_replay(sets / kind / "manifest.json", one_session_per_scenario=True, rules=RULES)
    assert report.sessions == 5
    assert report.problems == ()


@pytest.mark.parametrize("events", [9, 10, 124, 125, 500, 3_000])
def test_a_load_set_publishes_exactly_what_was_asked_for(events, tmp_path):
    plan = plan_replay(generate_load(events, tmp_path), RULES)
    assert (len(plan.events), plan.problems, plan.bad_lines, plan.notices) == (events, (), (), ())
    assert plan.manifest.events == events
    assert all(not counts for counts in plan.expected.values())
    assert plan.events[0].event_type == "network_capabilities"


def test_a_load_set_is_deterministic(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    generate_load(1_500, first)
    generate_load(1_500, second)
    assert contents(first) == contents(second)


def test_a_load_set_needs_at_least_a_session(tmp_path):
    with pytest.raises(ValueError, match="more than 8 events"):
        generate_load(8, tmp_path)
