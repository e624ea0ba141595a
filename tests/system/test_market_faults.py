"""Faults of the service in whole runs: none costs a record unseen, and none lets a run pass that should not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Cli, Ended, processes_of

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "include" / "fixtures" / "market" / "golden"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A command line whose runs stay for all tests of this module."""
    folder = tmp_path_factory.mktemp("runs")
    yield Cli(folder, {**os.environ, "STREAMPROOF_ARTIFACTS": str(folder)})
    assert processes_of(folder) == []


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A manifest of a few files of the golden set: one data set in three schemas."""
    folder = tmp_path_factory.mktemp("small")
    for schema in ("definition", "tbbo", "trades"):
        shutil.copy(GOLDEN / f"XNAS.ITCH.{schema}.dbn.zst", folder)
    (folder / "manifest.json").write_text('{"files": ["*.dbn.zst"]}')
    return str(folder / "manifest.json")


def faulty(runs: Cli, manifest: str, plan: str) -> Ended:
    return runs.run("--pack", "market", "--manifest", manifest, "--faults", plan)


def failed_stage(ended: Ended) -> str:
    """Return the error of the run as it names its stage."""
    [stage] = [result for result in ended.json["results"] if result["error"]]
    return f"{stage['stage']}: {stage['error']}"


def test_what_passes_costs_no_record(runs, small):
    """The plan's faults meet the first downloads of the whole golden set, so every one of them is applied."""
    ended = faulty(runs, str(GOLDEN / "manifest.json"), "passing")
    assert ended.code == 0, ended.stderr
    assert ended.json["verdict"] == "passed"
    faults = ended.json["serving"]["faults"]
    assert set(faults) == {"busy", "broken", "late", "slow", "cut", "cut_clean", "count_is_away"}
    assert ended.json["serving"]["never_served"] == {}


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ("refused", "Check DATABENTO_API_KEY."),
        ("unprocessable", "the service answered 422"),
        ("short", "were announced"),
    ],
)
def test_what_does_not_pass_is_an_error_with_the_words_of_the_pipeline(runs, small, plan, says):
    ended = faulty(runs, small, plan)
    assert ended.code == 3, ended.stderr
    assert (ended.json["verdict"], ended.json["checks"]["passed"]) == ("error", 0)
    assert failed_stage(ended).startswith("replay_events: The pipeline ended with code")
    log = (runs.folder(ended.json) / "stack" / "logs" / "processor.log").read_text()
    assert says in log and log.count(" ERROR ") == 1 and "Traceback" not in log


def test_an_answer_that_says_it_is_partial_is_judged_by_its_records(runs, small):
    ended = faulty(runs, small, "partly")
    assert ended.code == 0, ended.stderr
    assert ended.json["serving"]["by_status"]["206"] == 1
