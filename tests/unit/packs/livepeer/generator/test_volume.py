"""Sets of any size: exactly so many records, the statistics of the golden set, the same bytes for the same seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson
import pytest

from packs.livepeer.generator import generate_sized
from streamproof.fixtures.ordering import plan_replay
from streamproof.packs.loading import load_pack

HOME = Path(__file__).resolve().parents[5]
RULES = load_pack(HOME, "livepeer").replay
GOLDEN = HOME / "include/fixtures/livepeer/golden/manifest.json"


@pytest.mark.parametrize("events", [9, 238, 239, 1000])
def test_a_set_publishes_exactly_so_many_records(events, tmp_path):
    plan = plan_replay(generate_sized("volume", events, tmp_path), RULES)

    assert (len(plan.events), plan.problems, plan.bad_lines) == (events, (), ())


def test_a_set_has_the_statistics_of_the_golden_set(tmp_path):
    golden, plan = plan_replay(GOLDEN, RULES), plan_replay(generate_sized("volume", 10 * 229 + 60, tmp_path), RULES)

    # Ten repetitions have ten times everything; one clean session fills the set up.
    sessions = Counter(session.scenario for session in golden.sessions)
    found = Counter(session.scenario for session in plan.sessions)
    assert sum((found - Counter({name: 10 * number for name, number in sessions.items()})).values()) <= 1
    for family, number in golden.by_type().items():
        assert 0 <= plan.by_type()[family] - 10 * number <= 60
    assert plan.expected == {
        name: {family: 10 * number for family, number in counts.items()} for name, counts in golden.expected.items()
    }
    assert len({session.id for session in plan.sessions}) == len(plan.sessions)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    texts = [generate_sized("volume", 300, tmp_path / name, 7).read_bytes() for name in ("one", "two")]
    other = generate_sized("volume", 300, tmp_path / "three", 8)

    # The manifest has the checksum of every file.
    assert texts[0] == texts[1] != other.read_bytes()


def test_progress_is_told_while_the_set_is_written(tmp_path):
    steps = []

    manifest = generate_sized("volume", 500, tmp_path, progress=steps.append)

    assert steps == sorted(steps)
    assert len(steps) > 10
    assert steps[-1] == orjson.loads(manifest.read_bytes())["events"] == 500


def test_too_few_events_are_refused(tmp_path):
    with pytest.raises(ValueError, match="more than 8 events"):
        generate_sized("volume", 8, tmp_path)
