"""Create the tasks of a DAG, with their order and trigger rules, from the list of stages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk import AssetAlias, TriggerRule

from streamproof.airflow.operators import (
    PLAN_TASK,
    PlanRunOperator,
    PublishSummaryOperator,
    StackDownOperator,
    StageOperator,
)
from streamproof.airflow.sensors import StageSensor
from streamproof.runs.stage import TIMEOUT_SEC, Stage
from streamproof.stages.registry import STAGES

SETUP, TEARDOWN = "stack_up", "stack_down"
VERDICT = "publish_summary"
RETRIES = {"retries": 1, "retry_delay": timedelta(seconds=5)}


def make_tasks(modes: Collection[str], options: Collection[str], *, outlets: Collection[AssetAlias] = ()) -> None:
    """Create the tasks of the current DAG, one for each stage that a run of these modes may have.

    `options` are the names of the DAG's params. `outlets` are the aliases through which a passed verdict updates the
    pack's asset.
    """
    stages = STAGES.of_modes(modes, options)
    names = [stage.name for stage in stages]
    plan = PlanRunOperator(task_id=PLAN_TASK, execution_timeout=timedelta(seconds=TIMEOUT_SEC))
    tasks: dict[str, Any] = {}
    for stage in stages:
        tasks[stage.name] = _task(stage, plan, STAGES.required(stage, names), outlets)
        upstream = [tasks[name] for name in STAGES.upstream(stage, names)] or [plan]
        upstream >> tasks[stage.name]
    _teardowns(tasks)


def _task(stage: Stage, plan: PlanRunOperator, required: tuple[str, ...], outlets: Collection[AssetAlias]) -> Any:
    common: dict[str, Any] = {
        "task_id": stage.name,
        "execution_timeout": timedelta(seconds=stage.timeout_sec),
        **(RETRIES if stage.retried else {}),
    }
    if stage.name == VERDICT:
        return PublishSummaryOperator(**common, outlets=list(outlets))
    if stage.name == TEARDOWN:
        return StackDownOperator(**common)
    if stage.wait:
        return StageSensor(stage=stage.name, **common)
    if stage.per_suite:
        return StageOperator.partial(**common, map_index_template="{{ task.stage }}").expand(stage=plan.output)
    if required:
        # The task starts however the stage before it ended; `requires` then decides whether it runs.
        return StageOperator(stage=stage.name, requires=required, trigger_rule=TriggerRule.ALL_DONE, **common)
    return StageOperator(stage=stage.name, **common)


def _teardowns(tasks: Mapping[str, Any]) -> None:
    """Mark the setup of the stack and the two teardowns: the verdict and the end of the stack.

    Their trigger rule makes them run in every case. A teardown's usual rule would skip them after a failed setup. The
    state of the DAG run follows the verdict.
    """
    setup = tasks[SETUP].as_setup()
    tasks[VERDICT].as_teardown(setups=setup, on_failure_fail_dagrun=True)
    tasks[TEARDOWN].as_teardown(setups=setup)
    for name in (VERDICT, TEARDOWN):
        tasks[name].trigger_rule = TriggerRule.ALL_DONE


def shown_stages(modes: Collection[str], options: Collection[str]) -> tuple[str, ...]:
    """Return the stages that a progress table shows from the start. Suites and optional stages are added later."""
    stages = STAGES.of_modes(modes, options)
    return (PLAN_TASK, *(stage.name for stage in stages if not stage.per_suite and not stage.asked_by))
