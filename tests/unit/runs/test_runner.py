"""A run without a summary says why; it does not look like a defect."""

from __future__ import annotations

import pytest

from streamproof.model.errors import StackError
from streamproof.model.plan import Role
from streamproof.runs.context import StageOutcome
from streamproof.runs.runner import run_all
from streamproof.runs.stage import Stage, StageList


def test_a_summary_that_cannot_be_written_is_named_with_its_cause(planned):
    ctx = planned()
    ended = []

    def full(_ctx):
        raise StackError("no space left on device", hint="free some")

    def fine(_ctx):
        ended.append("fine")
        return StageOutcome()

    stages = StageList(
        [
            Stage(name, full if name == "publish_summary" else fine, ("full",), role=Role.END)
            for name in (*ctx.plan.planned_stages, *ctx.plan.ending_stages)
        ]
    )
    with pytest.raises(StackError, match="summary was not written: no space left on device") as raised:
        run_all(ctx, stages, lambda _stage, _result: None)
    assert raised.value.hint == "free some"
    assert ended[-1:] == ["fine"]
