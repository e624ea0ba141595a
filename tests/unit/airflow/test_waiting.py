"""Sensors and their trigger: a wait that holds, one that fails, and how both are recorded."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from streamproof.airflow import waits
from streamproof.airflow.sensors import StageSensor
from streamproof.airflow.triggers import StageTrigger
from streamproof.model.errors import StackError
from streamproof.model.results import Status
from streamproof.model.waiting import Probe
from streamproof.runs import runner
from streamproof.runs.stage import Wait
from streamproof.stages.registry import STAGES

STARTED = "2026-03-01T02:15:00.000Z"


@pytest.fixture
def looks(monkeypatch):
    """Stand in for the probe: the answers of its looks, in turn; the last one stays. Counts what was opened."""
    answers, opened = [], []

    @contextmanager
    def probe():
        opened.append("open")
        try:
            yield look
        finally:
            opened.append("closed")

    def look() -> Probe:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(waits, "wait_of", lambda ctx, stage: Wait(probe, 0.2, f"{stage} to hold", "be patient"))
    return answers, opened


@pytest.fixture
def recorded(monkeypatch, result):
    """Stand in for the stage itself, which finds its condition true and ends at once."""

    def run_stage(ctx, stage):
        ended = result(stage.name, started_at="2026-03-01T02:15:09.900Z", ended_at="2026-03-01T02:15:10.000Z",
                       duration_sec=0.1, details={"waited_sec": 0.1})  # fmt: skip
        ctx.folder.write_stage(ended)
        return ended

    monkeypatch.setattr(runner, "run_stage", run_stage)


def events_of(trigger: StageTrigger) -> list[dict]:
    async def collect() -> list[dict]:
        return [event.payload async for event in trigger.run()]

    return asyncio.run(collect())


class TestTrigger:
    def test_survives_serialization(self):
        path, arguments = StageTrigger(folder="/f", stage="pipeline_wait", started_at=STARTED).serialize()

        assert path == "streamproof.airflow.triggers.StageTrigger"
        assert StageTrigger(**arguments).serialize() == (path, arguments)

    def test_fires_once_when_the_condition_holds(self, make_run, looks):
        folder, _ = make_run()
        looks[0].extend([Probe(False, "3 of 5"), Probe(True)])

        [event] = events_of(StageTrigger(folder=str(folder.root), stage="pipeline_wait", started_at=STARTED))

        assert event["outcome"] == "done"
        assert event["started_at"] == STARTED
        assert looks[1] == ["open", "closed"]

    def test_says_what_was_missing_when_time_ran_out(self, make_run, looks):
        folder, _ = make_run()
        looks[0].append(Probe(False, "3 of 5"))

        [event] = events_of(StageTrigger(folder=str(folder.root), stage="pipeline_wait", started_at=STARTED))

        assert event["outcome"] == "failed"
        assert "still missing: 3 of 5" in event["message"]
        assert event["hint"] == "be patient"
        assert looks[1] == ["open", "closed"]

    def test_says_why_a_look_failed(self, make_run, looks):
        folder, _ = make_run()
        looks[0].append(StackError("kafka ended", hint="see its log"))

        [event] = events_of(StageTrigger(folder=str(folder.root), stage="pipeline_ready", started_at=STARTED))

        assert (event["outcome"], event["message"], event["hint"]) == ("failed", "kafka ended", "see its log")


class TestSensors:
    def test_a_condition_that_holds_needs_no_deferral(self, make_run, looks, recorded):
        folder, context = make_run()
        looks[0].append(Probe(True))

        told = StageSensor(task_id="t", stage="pipeline_ready").execute(context)

        assert told["stage"] == "pipeline_ready"
        assert folder.read_stage("pipeline_ready").status is Status.PASSED

    def test_one_that_does_not_is_deferred_with_a_limit_beyond_its_own(self, make_run, looks):
        folder, context = make_run()
        looks[0].append(Probe(False))

        with pytest.raises(TaskDeferred) as deferred:
            StageSensor(task_id="t", stage="pipeline_wait").execute(context)

        assert deferred.value.trigger.serialize()[1]["stage"] == "pipeline_wait"
        assert deferred.value.method_name == "execute_complete"
        assert deferred.value.timeout.total_seconds() > 60
        assert folder.read_stage("pipeline_wait") is None

    def test_a_wait_that_the_pack_does_not_have_succeeds_so_that_the_replay_runs(self, make_run, looks):
        served = STAGES.planned("full", ("raw_typed",), offers=("judged", "drained"))
        folder, context = make_run(stages=served)

        told = StageSensor(task_id="t", stage="pipeline_ready").execute(context)

        assert told == {"stage": "pipeline_ready", "status": "not planned"}
        assert (folder.read_stage("pipeline_ready"), looks[1]) == (None, [])

    def test_a_wait_of_another_mode_is_skipped(self, make_run, looks):
        _, context = make_run(mode="observe", stack="external")

        with pytest.raises(AirflowSkipException, match="has no stage pipeline_ready"):
            StageSensor(task_id="t", stage="pipeline_ready").execute(context)

    def test_a_stack_that_has_failed_is_not_waited_for(self, make_run, looks, recorded):
        folder, context = make_run()
        looks[0].append(StackError("kafka ended", hint="see its log"))

        StageSensor(task_id="t", stage="pipeline_wait").execute(context)  # the stage itself says how it failed

        assert folder.read_stage("pipeline_wait") is not None

    def test_the_whole_wait_is_recorded(self, make_run, recorded):
        folder, context = make_run()

        told = StageSensor(task_id="t", stage="pipeline_wait").execute_complete(
            context, {"outcome": "done", "started_at": STARTED}
        )

        kept = folder.read_stage("pipeline_wait")
        assert (kept.started_at, kept.duration_sec, kept.details["waited_sec"]) == (STARTED, 10.0, 10.0)
        assert told["duration_sec"] == 10.0

    def test_a_failed_wait_is_recorded_and_fails_the_task(self, make_run):
        folder, context = make_run()
        event = {"outcome": "failed", "started_at": STARTED, "message": "still missing: 2", "hint": "look"}

        with pytest.raises(AirflowFailException, match="still missing: 2"):
            StageSensor(task_id="t", stage="pipeline_wait").execute_complete(context, event)

        kept = folder.read_stage("pipeline_wait")
        assert (kept.status, kept.error, kept.hint) == (Status.ERRORED, "still missing: 2", "look")
        assert kept.started_at == STARTED

    def test_a_trigger_that_says_nothing_fails_the_task(self, make_run):
        _, context = make_run()

        with pytest.raises(AirflowFailException, match="without an event"):
            StageSensor(task_id="t", stage="pipeline_ready").execute_complete(context, None)

    def test_it_can_wait_inside_the_worker(self, make_run, looks, recorded):
        folder, context = make_run()
        looks[0].append(Probe(False))

        StageSensor(task_id="t", stage="pipeline_wait", deferrable=False).execute(context)

        assert folder.read_stage("pipeline_wait") is not None
        assert looks[1] == []
