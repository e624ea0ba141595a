"""A pack whose pipeline fetches what the run serves: no Kafka, the pipeline twice, faults by plan, proved."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Cli, Ended, processes_of

pytestmark = pytest.mark.system

LETTERS = Path(__file__).resolve().parents[1] / "packs" / "letters"
STAGES = [
    "stack_up", "schema_apply", "replay_events", "pipeline_wait", "assert_letters", "conservation", "oracle",
    "publish_summary", "stack_down",
]  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A command line whose runs stay for all tests of this module."""
    folder = tmp_path_factory.mktemp("runs")
    yield Cli(folder, {**os.environ, "STREAMPROOF_ARTIFACTS": str(folder)})
    assert processes_of(folder) == []


@pytest.fixture(scope="module")
def sound(runs: Cli) -> Ended:
    """A run that nobody disturbs."""
    return runs.run("--pack", str(LETTERS), "--run-id", "sound")


def broken_copy(folder: Path, before: str, after: str) -> Path:
    """Return a copy of the pack whose program has another text in one place."""
    copied = Path(shutil.copytree(LETTERS, folder / "letters"))
    program = copied / "letters_loader.py"
    text = program.read_text()
    assert text.count(before) == 1
    program.write_text(text.replace(before, after))
    return copied


def test_it_runs_without_kafka_and_the_pipeline_runs_twice(runs, sound):
    assert sound.code == 0, sound.stderr
    summary = sound.json
    assert [result["stage"] for result in summary["results"]] == STAGES
    assert (summary["verdict"], summary["rungs"]) == ("passed", ["judged", "drained", "ids_accounted", "foretold"])
    assert (summary["stack"]["kafka"], sorted(summary["stack"]["started"])) == ("none", ["clickhouse", "source"])
    assert [run["rows"] for run in summary["serving"]["repetitions"]] == [{"letters": 9}, {"letters": 9}]
    assert (summary["serving"]["requests"], summary["serving"]["never_served"]) == (4, {})
    log = (runs.folder(summary) / "stack" / "logs" / "processor.log").read_text()
    assert log.splitlines() == ["start 1: 9 letters stored", "start 2: 0 letters stored"]


def test_a_pipeline_that_retries_gets_over_what_is_busy_broken_or_late(runs):
    ended = runs.run("--pack", str(LETTERS), "--faults", "busy")
    assert ended.code == 0, ended.stderr
    assert ended.json["serving"]["faults"] == {"broken": 1, "busy": 1, "late": 1}


def test_an_answer_that_ends_too_early_without_a_sign_is_seen(runs):
    ended = runs.run("--pack", str(LETTERS), "--faults", "short")
    assert ended.code == 1, ended.stderr
    failed = {failure["name"] for failure in ended.json["failures"]}
    assert failed == {"no_id_is_missing", "parity_letters"}
    assert ended.json["first_broken_layer"] == "typed"
    assert ended.json["serving"]["never_served"] == {"b.txt": 3}


def test_a_pipeline_that_is_refused_is_an_error_with_its_own_words(runs):
    ended = runs.run("--pack", str(LETTERS), "--faults", "refused")
    assert ended.code == 3, ended.stderr
    assert ended.json["verdict"] == "error"
    assert "ended with code 1 in run 1 of 2" in str(ended.json["results"])
    requests = runs.folder(ended.json) / "diagnostics" / "requests.json"
    assert '"status": 401' in requests.read_text() or '"status":401' in requests.read_text()


def test_a_pipeline_that_stores_everything_again_fails(runs, tmp_path):
    pack = broken_copy(tmp_path, 'if f"{name}-{number}" not in stored:', "if True:")
    ended = runs.run("--pack", str(pack))
    assert ended.code == 1, ended.stderr
    assert "repetitions_change_nothing" in {failure["name"] for failure in ended.json["failures"]}
    assert ended.json["first_broken_layer"] == "typed"


def test_a_wrong_value_with_the_right_id_fails_what_the_files_foretell(runs, tmp_path):
    pack = broken_copy(tmp_path, '"letter": letter}', '"letter": letter.upper()}')
    ended = runs.run("--pack", str(pack))
    assert ended.code == 1, ended.stderr
    [failure] = ended.json["failures"]
    assert (failure["suite"], failure["name"], ended.json["first_broken_layer"]) == (
        "parity",
        "parity_letters",
        "typed",
    )
    assert ended.json["rungs"] == ["judged", "drained", "ids_accounted"]
    # There are no entities, so there is no file of them.
    assert not (runs.folder(ended.json) / "sessions.json").exists()


def test_its_checks_are_proved(runs):
    ended = runs("prove", "--pack", str(LETTERS), "--json")
    assert ended.code == 0, ended.stderr
    assert ended.json["survivors"] == []
