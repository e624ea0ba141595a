"""A stage's function becomes a result, whatever it does; the result is kept in the run's folder."""

from __future__ import annotations

import pytest

from streamproof.model.errors import StackError
from streamproof.model.results import CheckResult, Status
from streamproof.model.stack import ProcessIdentity, StackState
from streamproof.runs.context import StageOutcome
from streamproof.runs.execute import execute
from streamproof.runtime.files import write_json


def check(status: Status) -> CheckResult:
    return CheckResult("s", status.value, status)


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ((), "passed"),
        ((Status.PASSED, Status.SKIPPED), "passed"),
        ((Status.SKIPPED,), "skipped"),
        ((Status.PASSED, Status.ERRORED), "errored"),
        ((Status.PASSED, Status.ERRORED, Status.FAILED), "failed"),
    ],
)
def test_the_status_follows_from_the_checks(planned, checks, status):
    outcome = StageOutcome(details={"n": 1}, checks=tuple(check(one) for one in checks))
    ctx = planned()
    result = execute(ctx, "stage", lambda _: outcome)
    assert result.status == status
    kept = ctx.folder.read_stage("stage")
    assert kept is not None
    assert kept.as_json() == result.as_json()
    assert result.error is None


def test_a_known_error_gives_message_and_hint(planned):
    def broken(_ctx):
        raise StackError("the broker died", hint="look at its log")

    ctx = planned()
    result = execute(ctx, "stack_up", broken)
    assert (result.status, result.error, result.hint) == (Status.ERRORED, "the broker died", "look at its log")
    assert "Traceback" not in (ctx.folder.stages / "stack_up.log").read_text()


def test_a_service_that_died_is_named_as_the_cause(planned):
    ctx = planned()
    nobody = ProcessIdentity(1, 0.0)
    state = StackState("r1", "failed", nobody, "broker", "b", "h", 1, 2, "u", error="kafka ended", hint="see its log")
    write_json(ctx.folder.stack / "state.json", state.as_json())

    def refused(_ctx):
        raise StackError("ClickHouse does not answer", hint="h")

    result = execute(ctx, "inject", refused)
    assert (result.error, result.hint) == ("kafka ended", "see its log")
    assert "ClickHouse does not answer" in (ctx.folder.stages / "inject.log").read_text()


def test_a_defect_leaves_its_traceback_in_the_stage_log_only(planned):
    ctx = planned()
    result = execute(ctx, "stage", lambda _: 1 / 0)
    assert result.status == Status.ERRORED
    assert result.error == "ZeroDivisionError: division by zero"
    assert "stages/stage.log" in (result.hint or "")
    assert "Traceback" in (ctx.folder.stages / "stage.log").read_text()


def test_log_lines_go_to_the_stage_and_to_the_run(planned):
    def talk(ctx):
        ctx.log("hello")
        return StageOutcome()

    ctx = planned()
    execute(ctx, "stage", talk)
    assert "hello" in (ctx.folder.stages / "stage.log").read_text()
    assert "[stage]" in ctx.folder.log.read_text()
