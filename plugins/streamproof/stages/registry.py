"""The one list of stages, in the order of a run: bring up, replay, drain, judge, publish, take down.

A stage is a module of this package with a function `run`. The module is imported when the stage runs, because DAG files
import this list and must be parsed quickly.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from streamproof.model.plan import CONSERVATION, CONTRACTS, OBSERVE, ORACLE, PROVE, RUN_MODES, Role
from streamproof.model.rungs import Rung
from streamproof.runs.offers import CONTRACT_FILES, FLINK_JOB, PUBLISHED, REPEATED, TRACE_SQL
from streamproof.runs.stage import Stage, StageList, Wait

if TYPE_CHECKING:
    from streamproof.runs.context import RunContext, StageOutcome

# Modes that replay events through a stack. Mode observe reads a warehouse that is already filled.
REPLAYED = (*RUN_MODES, PROVE)
ALL_MODES = (*REPLAYED, OBSERVE)
# Parts that a pack may have and a stage may need.
CHILD = "streamproof.stages.stage_child"


def _run(module: str) -> Callable[..., StageOutcome]:
    def run(ctx: RunContext, **arguments: Any) -> StageOutcome:
        outcome: StageOutcome = import_module(f"streamproof.stages.{module}").run(ctx, **arguments)
        return outcome

    return run


def _wait(module: str) -> Callable[[RunContext], Wait]:
    def wait(ctx: RunContext) -> Wait:
        awaited: Wait = import_module(f"streamproof.stages.{module}").wait_of(ctx)
        return awaited

    return wait


def _import_expectations() -> None:
    """Import Great Expectations, which takes seconds."""
    import_module("streamproof.checks.contracts.library").prefetch()


def _publish_again(ctx: RunContext) -> None:
    """Publish the reports again with the result of the teardown."""
    if ctx.folder.summary.exists():
        import_module("streamproof.stages.publish_summary").publish(ctx)


STAGES = StageList(
    (
        Stage("stack_up", _run("stack_up"), REPLAYED, retried=True, waits=True),
        Stage("warehouse_check", _run("warehouse_check"), (OBSERVE,), retried=True),
        Stage("schema_apply", _run("schema_apply"), REPLAYED, after=("stack_up",), retried=True),
        Stage(
            "pipeline_ready",
            _run("pipeline_ready"),
            REPLAYED,
            after=("schema_apply",),
            needs=(PUBLISHED,),
            waits=True,
            wait=_wait("pipeline_ready"),
        ),
        # A paced replay takes as long as its speed says. A pipeline that fetches is started by it and ends in it.
        Stage("replay_events", _run("replay_events"), REPLAYED, after=("pipeline_ready",), timeout_sec=5400.0),
        # The checks run even if the run did not drain in time: they show what is missing. The verdict is `error`.
        Stage(
            "pipeline_wait",
            _run("pipeline_wait"),
            REPLAYED,
            after=("replay_events",),
            rungs=(Rung.DRAINED,),
            may_be_late=True,
            waits=True,
            wait=_wait("pipeline_wait"),
        ),
        Stage("inject", _run("inject"), REPLAYED, after=("pipeline_wait",), asked_by="inject"),
        Stage(
            "query_pack", _run("judging.query_pack"), ALL_MODES, after=("inject", "warehouse_check"), needs=(TRACE_SQL,)
        ),
        Stage(
            "assert_suite",
            _run("judging.assertions"),
            ALL_MODES,
            Role.JUDGE,
            after=("query_pack",),
            rungs=(Rung.JUDGED,),
            per_suite=True,
        ),
        # Great Expectations takes seconds to import, so a separate process imports it while the services start.
        Stage(
            CONTRACTS,
            _run("judging.contracts"),
            ALL_MODES,
            Role.JUDGE,
            after=("query_pack",),
            needs=(CONTRACT_FILES,),
            rungs=(Rung.JUDGED,),
            get_ready=_import_expectations,
            process=CHILD,
        ),
        Stage(
            CONSERVATION,
            _run("judging.conservation"),
            REPLAYED,
            Role.JUDGE,
            after=("query_pack",),
            rungs=(Rung.RAW_COMPLETE, Rung.IDS_ACCOUNTED, Rung.RECORDS_ACCOUNTED),
            or_with=(FLINK_JOB, REPEATED),
        ),
        Stage(ORACLE, _run("judging.oracle"), REPLAYED, Role.JUDGE, after=("query_pack",), rungs=(Rung.FORETOLD,)),
        # Mutations prove something only when all checks pass on the unchanged data.
        Stage(
            PROVE,
            _run("judging.prove"),
            (PROVE,),
            Role.JUDGE,
            after=("assert_suite", CONTRACTS, CONSERVATION, ORACLE),
            timeout_sec=5400.0,
        ),
        Stage(
            "publish_summary",
            _run("publish_summary"),
            ALL_MODES,
            Role.END,
            after=(PROVE,),
        ),
        Stage(
            "stack_down",
            _run("stack_down"),
            REPLAYED,
            Role.END,
            after=("publish_summary",),
            unless="keep_stack",
            retried=True,
            afterwards=_publish_again,
        ),
    )
)
