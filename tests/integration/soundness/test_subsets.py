"""Any part of a sound set passes: some sessions, some families, a beginning or an end, drawn from fixed seeds.

`STREAMPROOF_SUBSETS` draws more of them than CI does.
"""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from packs.livepeer.generator import generate
from streamproof.model.results import Verdict
from tests.support.pipeline_in_engine import PipelineInEngine
from tests.support.subsets import FixtureLine, of_families, read_lines, until, write_part

pytestmark = pytest.mark.engine

DRAWN = int(os.environ.get("STREAMPROOF_SUBSETS", "16"))
# A part in so many is judged by the contracts, too: they take as long as everything else.
CONTRACTS_EVERY = 4
SEED_OF_THE_GENERATED_SET = 77


@pytest.fixture(scope="module")
def sets(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[FixtureLine]]:
    """The lines of golden, and of a set that nobody has seen."""
    generated = generate("golden", tmp_path_factory.mktemp("generated"), seed=SEED_OF_THE_GENERATED_SET)
    return {
        "golden": read_lines(home / "include/fixtures/livepeer/golden/manifest.json"),
        "generated": read_lines(generated),
    }


def draw(lines: list[FixtureLine], rng: random.Random) -> list[FixtureLine]:
    """Return a part of a set that is not empty."""
    files = sorted({line.session.file for line in lines})
    if rng.random() < 0.6:
        kept = set(rng.sample(files, rng.choice([1, 1, 2, 3])))
        lines = [line for line in lines if line.session.file in kept]
    if rng.random() < 0.6:
        families = sorted({line.family for line in lines})
        lines = of_families(lines, rng.sample(families, rng.randint(1, len(families))))
    if rng.random() < 0.5:
        head = until(lines, rng.random())
        rest = lines[len(head) :] if rng.random() < 0.4 else head
        lines = rest or head
    return lines


@pytest.mark.parametrize("seed", range(DRAWN))
def test_a_part_of_a_sound_set_passes(
    pipeline: PipelineInEngine, sets: dict[str, list[FixtureLine]], tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    part = draw(sets[rng.choice(sorted(sets))], rng)
    run = pipeline.load(write_part(part, tmp_path))
    outcome = pipeline.judge(run, contracts=seed % CONTRACTS_EVERY == 0)
    families = sorted({line.family for line in part})
    assert outcome.verdict is Verdict.PASSED, f"{len(part)} lines of {families}\n{outcome.explain()}"


@pytest.mark.parametrize("family", ["ai_stream_status", "stream_trace", "network_capabilities"])
def test_a_set_without_a_family_passes_under_its_own_labels(
    pipeline: PipelineInEngine, sets: dict[str, list[FixtureLine]], tmp_path: Path, family: str
) -> None:
    """What a label promises is asked only of a session that has what its scenario needs."""
    kept = "scenario_1_clean_success_no_swap_fps_gt_12"
    part = [line for line in sets["golden"] if line.session.scenario == kept and line.family != family]
    outcome = pipeline.judge(pipeline.load(write_part(part, tmp_path, relabel=False)), contracts=False)
    assert outcome.verdict is Verdict.PASSED, outcome.explain()


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("golden", {"events": 1}),
        ("golden", {"events": 45, "shift_to": "now"}),
        ("golden", {"events": 160, "shift_to": "2026-06-01T00:29:17Z"}),
        ("hostile", {"shift_to": "now"}),
        ("hostile", {"events": 120, "shift_to": "2026-06-01T00:29:17Z"}),
    ],
)
def test_the_first_events_by_time_and_a_set_moved_in_time_pass(
    pipeline: PipelineInEngine, home: Path, kind: str, asked: dict
) -> None:
    run = pipeline.load(home / f"include/fixtures/livepeer/{kind}/manifest.json", **asked)
    assert len(run.plan.events) == asked.get("events", len(run.plan.events))
    outcome = pipeline.judge(run, contracts=asked.get("events") == 160)
    assert outcome.verdict is Verdict.PASSED, outcome.explain()


# What is compared of a set that was moved, and the columns that hold a clock or count batches.
MOVED = (
    "v_latest_sessions", "v_latest_segments", "v_latest_latency_samples", "fact_stream_status_samples",
    "v_api_network_demand", "v_api_gpu_metrics", "v_api_sla_compliance",
)  # fmt: skip
NOT_COMPARED = frozenset({"ingestion_timestamp", "version", "row_ordinal"})


def test_a_set_that_is_moved_has_the_same_rows_but_for_their_times(pipeline: PipelineInEngine, home: Path) -> None:
    """By whole hours: everything that is no time is the same, what is counted by the hour as well."""
    manifest = home / "include/fixtures/livepeer/golden/manifest.json"

    def rows_moved_back(shift_to: str | None) -> dict[str, list[str]]:
        run = pipeline.load(manifest, shift_to=shift_to)
        back = timedelta(milliseconds=run.ctx.plan.shift_ms)
        assert bool(back) is (shift_to is not None)

        def text(row: dict) -> str:
            kept = {name: value for name, value in row.items() if name not in NOT_COMPARED}
            return str({name: v - back if isinstance(v, datetime) else v for name, v in kept.items()})

        shown = {table: run.query(f"SELECT * FROM {table}") for table in MOVED}
        return {table: sorted(text(row) for row in found) for table, found in shown.items()}

    assert rows_moved_back("now") == (as_it_is := rows_moved_back(None))
    assert all(as_it_is.values())
