"""Runs with a folder and no file in the history."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streamproof.history.store import record
from streamproof.history.unfinished import LONGEST_SILENCE_SEC, read_all_runs
from streamproof.runs.folder import RunFolder
from streamproof.runtime.files import write_json

NOW = datetime(2026, 3, 1, 2, 20, tzinfo=UTC)


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "test-runs"


@pytest.fixture
def begun(runs, samples):
    """Leave a run's folder after its first stages."""

    def of(run_id="begun", *, stages=("stack_up", "schema_apply"), state=None, **plan):
        folder = RunFolder(runs / run_id)
        folder.write_plan(samples.plan(run_id=run_id, **plan))
        for name in stages:
            folder.write_stage(samples.stage(name))
        if state:
            write_json(folder.stack / "state.json", state.as_json())
        return folder

    return of


def read(runs, *alive, now=NOW, pack=None):
    return read_all_runs(runs, is_alive=lambda process: process.pid in alive, now=now, pack=pack)


def test_a_run_whose_process_lives_still_goes_on(runs, begun):
    begun()

    [found] = read(runs, 4242).entries

    assert (found.run_id, found.verdict, found.stages) == ("begun", "running", {"stack_up": 2.31, "schema_apply": 0.21})
    assert found.duration_sec == 300.0
    assert "2 of" in found.remark


def test_a_run_whose_process_is_gone_was_interrupted(runs, begun):
    begun()

    [found] = read(runs).entries

    assert (found.verdict, found.ended_at) == ("interrupted", "2026-03-01T02:15:02.530Z")
    assert found.remark == "2 of 11 stages have ended; its process 4242 is gone"


def test_a_stack_that_outlives_its_run_for_a_moment_is_no_sign_of_life(runs, begun, samples):
    begun(state=samples.stack_state())

    assert [found.verdict for found in read(runs, 100).entries] == ["interrupted"]


def test_a_run_of_several_processes_goes_on_while_its_stack_is_up(runs, begun, samples):
    begun(owner=None, state=samples.stack_state())

    assert [found.verdict for found in read(runs, 100).entries] == ["running"]


@pytest.mark.parametrize(("silent", "verdict"), [(60, "running"), (LONGEST_SILENCE_SEC + 60, "interrupted")])
def test_a_run_without_a_process_is_judged_by_its_last_change(runs, begun, silent, verdict):
    root = begun(owner=None).root
    for path in (root, *root.rglob("*")):
        os.utime(path, (NOW.timestamp() - silent,) * 2)

    assert [found.verdict for found in read(runs).entries] == [verdict]


def test_a_run_that_could_not_write_its_summary_says_so(runs, begun, samples):
    folder = begun()
    folder.write_stage(replace(samples.stage("publish_summary"), error="OSError: [Errno 28] No space left on device"))

    [found] = read(runs).entries

    assert found.verdict == "interrupted"
    assert "No space left" in found.remark


def test_a_run_that_could_not_be_recorded_has_its_verdict(runs, begun, ended):
    folder = begun("older", stages=())
    summary, results = ended("failed")
    write_json(folder.summary, {**summary, "run_id": "older"})
    for result in results.values():
        folder.write_stage(result)

    [found] = read(runs).entries

    assert (found.verdict, found.first_broken_layer, found.checks_failed) == ("failed", "typed", 2)
    assert found.checks["raw_typed.raw_to_typed_counts_match"].status == "failed"


def test_a_run_in_the_history_is_not_read_from_its_folder(runs, begun, ended):
    summary, results = ended()
    record(runs, summary, results)
    (begun(summary["run_id"]).root / "plan.json").write_text("not read")

    found = read(runs)

    assert ([entry.verdict for entry in found.entries], found.unreadable) == (["passed"], ())


@pytest.mark.parametrize("content", ["", "[1]", '{"run_id": "x"}', '{"run'])
def test_a_folder_that_cannot_be_read_is_listed_with_the_reason(runs, begun, content):
    begun()
    (begun("broken").root / "plan.json").write_text(content)

    found = read(runs)

    assert [entry.run_id for entry in found.entries] == ["begun"]
    [(path, reason)] = found.unreadable
    assert path == str(runs / "broken")
    assert reason


@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"results": 3}'])
def test_a_summary_of_another_version_is_listed_with_the_reason(runs, begun, content):
    begun("strange").summary.write_text(content)

    [(path, reason)] = read(runs).unreadable

    assert path == str(runs / "strange")
    assert reason


def test_a_copied_folder_is_the_same_run(runs, begun):
    shutil.copytree(begun("first").root, runs / "copy")

    assert [entry.run_id for entry in read(runs).entries] == ["first"]


def test_a_folder_of_runs_that_is_none_is_told(runs):
    runs.write_text("")

    assert (str(runs), "Not a directory") in read(runs).unreadable


def test_other_folders_are_no_runs(runs, begun):
    begun(pack="shop")
    (runs / "replays").mkdir()

    assert len(read(runs).entries) == 1
    assert read(runs, pack="market").entries == ()
    assert read(runs / "nothing").entries == ()
