"""Any part of a sound set passes: some sessions, some families, a beginning or an end, drawn from fixed seeds.

`STREAMPROOF_SUBSETS` draws more of them than CI does.
"""

from __future__ import annotations

import os
import random
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
