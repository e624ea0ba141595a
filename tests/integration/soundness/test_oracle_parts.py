"""The oracle judges a set part by part, in processes of their own, and finds what it finds on the whole set."""

from __future__ import annotations

import pytest

from streamproof.model.results import Status
from streamproof.runs.runner import run_stage
from streamproof.stages.expecting import expected, workers
from streamproof.stages.registry import STAGES
from streamproof.warehouse.clickhouse.client import execute

pytestmark = pytest.mark.engine


@pytest.fixture
def by_parts(monkeypatch):
    """Small parts, also of a small set."""
    monkeypatch.setattr(expected, "SMALLEST", 1)
    monkeypatch.setattr(expected, "PART_RECORDS", 60)


@pytest.fixture(scope="module")
def broken(pipeline, home):
    """A run whose pipeline lost a sample and wrote another value into a second one."""
    run = pipeline.load(home / "include/fixtures/livepeer/golden/manifest.json")
    first = "(SELECT {}(raw_event_uid) FROM ai_stream_status)"
    execute(run.client, f"DELETE FROM ai_stream_status WHERE raw_event_uid = {first.format('min')}")
    lost = f"ALTER TABLE ai_stream_status UPDATE output_fps = 77 WHERE raw_event_uid = {first.format('max')}"
    execute(run.client, lost)
    return run


def findings(run):
    """What the stage found, without times."""
    result = run_stage(run.ctx, STAGES["oracle"])
    found = {
        check.name: (check.status, check.failed_rows, check.diagnostics, check.sessions) for check in result.checks
    }
    return result, found, dict(result.details)


def test_the_findings_are_those_of_the_whole_set(broken, monkeypatch, by_parts):
    _, found, details = findings(broken)
    log = (broken.ctx.folder.stages / "oracle.log").read_text(encoding="utf-8")

    monkeypatch.setattr(expected, "SMALLEST", 1 << 30)
    _, whole, whole_details = findings(broken)

    assert "part 3 of" in log
    assert found == whole
    assert details == whole_details
    assert found["parity_ai_stream_status"][:2] == (Status.FAILED, 2)


def test_a_process_that_is_killed_is_an_error_with_its_log(broken, monkeypatch, by_parts):
    judge = workers.Worker.judge

    def killed(worker, part, records):
        worker._process.kill()
        worker._process.wait()
        return judge(worker, part, records)

    monkeypatch.setattr(workers.Worker, "judge", killed)

    result, _, _ = findings(broken)

    assert result.status is Status.ERRORED
    assert "ended before its work was done, code -9" in (result.error or "")


def test_an_error_of_the_pack_in_a_process_is_the_stages(broken, monkeypatch, by_parts):
    # The process gets no value for a record, which no replay does.
    monkeypatch.setattr(expected, "record_of", lambda *_: ("no", "record"))

    result, _, _ = findings(broken)

    assert result.status is Status.ERRORED
    assert "TypeError" in (result.error or "")
