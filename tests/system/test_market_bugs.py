"""Planted bugs: a copy of pack `market` whose pipeline has one of them. None passes, and each points to its layer."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Cli, Ended, processes_of

pytestmark = pytest.mark.system

INCLUDE = Path(__file__).resolve().parents[2] / "include"
BUGS = yaml.safe_load(Path(__file__).with_name("market_bugs.yaml").read_text(encoding="utf-8"))
# One run of the pipeline is enough, and the files of one data set: it has twins, a roll and a trade across midnight.
DATASET = "GLBX.MDP3"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder = tmp_path_factory.mktemp("runs")
    yield Cli(folder, {**os.environ, "STREAMPROOF_ARTIFACTS": str(folder)})
    assert processes_of(folder) == []


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the pack in a folder of its own, with a smaller set."""
    folder = tmp_path_factory.mktemp("packs") / "market"
    # Without contracts, whose library takes seconds to import: a bug must not need them to be seen.
    shutil.copytree(INCLUDE / "sql" / "market", folder / "sql")
    for kind in ("packs", "pipelines"):
        shutil.copytree(INCLUDE / kind / "market", folder / kind / "market")
    content = yaml.safe_load((INCLUDE / "packs/market/pack.yaml").read_text(encoding="utf-8"))
    content |= {"repeat": 1}
    for processor in content["processors"].values():
        processor.pop("repeat_arguments", None)
    for lock in (INCLUDE / "packs/market").glob("*.txt"):
        shutil.copy(lock, folder)
    (folder / "pack.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    write_smaller_set(folder / "fixtures" / "golden")
    return folder


def write_smaller_set(folder: Path) -> None:
    """Write the golden set with the files of one data set only."""
    golden = INCLUDE / "fixtures/market/golden"
    folder.mkdir(parents=True)
    manifest = json.loads((golden / "manifest.json").read_text(encoding="utf-8"))
    served = manifest["scenarios"]["served"]
    served["sessions"] = [one for one in served["sessions"] if one["file"].startswith(DATASET)]
    served["candidate_count"] = len(served["sessions"])
    manifest["events"] = sum(one["events"] for one in served["sessions"])
    manifest["files"] = []
    for session in served["sessions"]:
        shutil.copy(golden / session["file"], folder)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def run_with(runs: Cli, copied: Path, bug: dict[str, Any]) -> Ended:
    """Run the copy of the pack with a bug, which is taken out again."""
    file = copied / "pipelines" / "market" / bug["file"]
    sound = file.read_text(encoding="utf-8")
    assert sound.count(bug["before"]) == 1
    try:
        file.write_text(sound.replace(bug["before"], bug["after"]), encoding="utf-8")
        return runs.run("--pack", str(copied))
    finally:
        file.write_text(sound, encoding="utf-8")


def test_the_copy_passes_without_a_bug(runs, copied):
    ended = runs.run("--pack", str(copied))
    assert ended.code == 0, ended.stderr
    assert ended.json["rungs"] == ["judged", "drained", "ids_accounted", "foretold"]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug["name"].replace(" ", "_"))
def test_no_bug_passes(runs, copied, bug):
    ended = run_with(runs, copied, bug)
    summary = ended.json
    if "error" in bug:
        assert (ended.code, summary["verdict"]) == (3, "error")
        [broken] = [result for result in summary["results"] if result["stage"] == "replay_events"]
        assert "The pipeline ended with code 1" in broken["error"]
        log = (runs.folder(summary) / "stack" / "logs" / "processor.log").read_text(encoding="utf-8")
        assert bug["error"] in log
        return
    assert (ended.code, summary["verdict"]) == (1, "failed"), ended.stderr
    assert set(bug["failed"]) <= {failure["name"] for failure in summary["failures"]}
    assert summary["first_broken_layer"] == bug["layer"]
