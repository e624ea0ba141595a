"""A stage in a process of its own: its result comes back, and nothing stays when nobody asks or when it is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from streamproof.model.errors import StackError
from streamproof.model.results import Status
from streamproof.runs.context import RunContext
from streamproof.runs.planning import plan_run
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.runs.stage_process import StageProcess
from streamproof.stages.registry import CHILD, STAGES

APART = replace(STAGES["query_pack"], process=CHILD)
STAGE = APART.name


@pytest.fixture
def ctx(home: Path, tmp_path: Path) -> RunContext:
    """A planned run that has no stack: every stage has a result at once, that there is none."""
    host = HostSettings(cache_dir=tmp_path / "cache")
    return plan_run(
        RunRequest(run_id="r1", artifacts_root=tmp_path / "runs"), STAGES, home=home, host=host, now=datetime.now(UTC)
    )


@pytest.fixture
def children() -> Iterator[set[int]]:
    """The children of this process before the test; afterwards there are no others."""
    before = {child.pid for child in psutil.Process().children()}
    yield before
    assert {child.pid for child in psutil.Process().children()} <= before


def pid_of(children: set[int]) -> int:
    [pid] = {child.pid for child in psutil.Process().children()} - children
    return pid


def test_the_result_is_that_of_the_stage(ctx, children):
    with StageProcess(ctx, APART) as process:
        result = process.run()
    assert (result.stage, result.status, result.error) == (STAGE, Status.ERRORED, "Run r1 has no stack.")
    kept = ctx.folder.read_stage(STAGE)
    assert kept is not None
    assert kept.as_json() == result.as_json()


def test_one_that_nobody_asks_ends_without_a_result(ctx, children):
    with StageProcess(ctx, APART):
        pass
    assert ctx.folder.read_stage(STAGE) is None


def test_one_that_is_killed_is_an_error_with_a_hint(ctx, children):
    with StageProcess(ctx, APART) as process:
        os.kill(pid_of(children), signal.SIGKILL)
        result = process.run()
    assert result.status is Status.ERRORED
    assert result.error == f"The process of stage {STAGE} ended before its work was done, code -9."
    assert f"stages/{STAGE}.log" in (result.hint or "")


def test_one_that_is_ended_with_its_run_leaves_no_result(ctx, children):
    with StageProcess(ctx, APART) as process, ThreadPoolExecutor(1) as pool:
        os.kill(pid_of(children), signal.SIGSTOP)
        running = pool.submit(process.run)
        process.close()
        with pytest.raises(StackError, match="was ended with its run"):
            running.result()
    assert ctx.folder.read_stage(STAGE) is None


def test_what_breaks_before_the_stage_is_in_its_log(ctx, children):
    with StageProcess(ctx, APART) as process:
        (ctx.folder.root / "plan.json").unlink()
        result = process.run()
    assert result.error == f"The process of stage {STAGE} ended before its work was done, code 1."
    assert "plan.json" in (ctx.folder.stages / f"{STAGE}.log").read_text()
