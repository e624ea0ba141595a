"""The definition of a stage, and of the list of stages that plan, runner, task graphs and timeline are made from.

The list itself is `stages.registry.STAGES`. Modules of `runs` get it as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from streamproof.model.errors import UsageError
from streamproof.model.plan import PlannedStage, Role
from streamproof.model.rungs import Rung

if TYPE_CHECKING:
    from streamproof.model.waiting import Probe
    from streamproof.runs.context import RunContext, StageOutcome

SUITE_PREFIX = "assert_"
# Airflow ends a task that takes longer. A stage that waits has its own limit and reports what is missing.
TIMEOUT_SEC = 900.0


@dataclass(frozen=True, slots=True)
class Wait:
    """What a stage waits for.

    `opened` opens the blocking probe. `timeout_sec` starts with the first call of the probe. `message` names the
    condition; `hint` says where to look when it is not met in time, or returns that.
    """

    opened: Callable[[], AbstractContextManager[Callable[[], Probe]]]
    timeout_sec: float
    message: str
    hint: str | Callable[[], str]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a run.

    Which runs have it: those in one of `modes`, with a pack that offers all of `needs` (see `offers.pack_offers`) and
    at least one of `rungs`, the rungs that the stage proves, or of `or_with`, with option `asked_by` and without option
    `unless` ('' is no condition).

    When it runs: after the stages named in `after`. A stage that the run does not have is replaced by the stages that
    it waits for. `per_suite` stands for one stage per suite, named `assert_<suite>`; `function` then also takes the
    suite's name. `get_ready` prepares the stage early and needs no service, for example an import. `process` is the
    module that runs the stage in a process of its own, '' for none. `afterwards` is called once the stage's result is
    written.

    Failures and waiting: a `retried` stage touches only infrastructure and may be repeated. When a `may_be_late` stage
    does not pass, the checks still run as long as the stack is up. `waits` marks stages that mostly wait for services.
    `wait` returns what a sensor polls.
    """

    name: str
    function: Callable[..., StageOutcome]
    modes: tuple[str, ...]
    role: Role = Role.PREPARE
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    rungs: tuple[Rung, ...] = ()
    or_with: tuple[str, ...] = ()
    asked_by: str = ""
    unless: str = ""
    per_suite: bool = False
    retried: bool = False
    may_be_late: bool = False
    waits: bool = False
    wait: Callable[[RunContext], Wait] | None = None
    timeout_sec: float = TIMEOUT_SEC
    get_ready: Callable[[], None] | None = None
    process: str = ""
    afterwards: Callable[[RunContext], None] | None = None

    @property
    def judges(self) -> bool:
        """Return whether the stage runs checks."""
        return self.role is Role.JUDGE

    def offered_by(self, offers: Collection[str]) -> bool:
        """Return whether a pack that offers these parts and rungs has the stage."""
        return set(self.needs) <= set(offers) and (not self.rungs or bool({*self.rungs, *self.or_with} & set(offers)))

    def of_suite(self, suite: str) -> Stage:
        """Return the stage that judges one suite."""
        name = f"{SUITE_PREFIX}{suite}"
        return replace(self, name=name, function=partial(self.function, suite=suite), per_suite=False)


class StageList:
    """All stages in the order of a run."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = {stage.name: stage for stage in stages}

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages.values())

    def __getitem__(self, name: str) -> Stage:
        """Return a stage by its name; `assert_<suite>` is the stage of that suite. Raises UsageError."""
        if name in self._stages:
            return self._stages[name]
        family = next((stage for stage in self if stage.per_suite), None)
        if family and name.startswith(SUITE_PREFIX):
            return family.of_suite(name.removeprefix(SUITE_PREFIX))
        raise UsageError(f"There is no stage '{name}'.", hint=f"Stages: {', '.join(self._stages)}.")

    def planned(
        self, mode: str, suites: Sequence[str], *, offers: Collection[str], options: Collection[str] = ()
    ) -> tuple[PlannedStage, ...]:
        """Return the stages of a run in order.

        `offers` are the parts and rungs that the pack has, `options` the options that the request sets.
        """
        found: list[PlannedStage] = []
        for stage in self:
            requested = not stage.asked_by or stage.asked_by in options
            if mode in stage.modes and stage.offered_by(offers) and requested and stage.unless not in options:
                names = [f"{SUITE_PREFIX}{suite}" for suite in suites] if stage.per_suite else [stage.name]
                rungs = tuple(rung.value for rung in stage.rungs)
                found += [PlannedStage(name, stage.role, stage.waits, rungs) for name in names]
        return tuple(found)

    def of_modes(self, modes: Collection[str], options: Collection[str]) -> tuple[Stage, ...]:
        """Return the stages that a run in any of these modes, with any of these options, may have."""
        return tuple(
            stage
            for stage in self
            if set(stage.modes) & set(modes) and (not stage.asked_by or stage.asked_by in options)
        )

    def upstream(self, stage: Stage, present: Collection[str]) -> tuple[str, ...]:
        """Return the stages among `present` that a stage waits for directly."""
        found: dict[str, None] = {}
        for name in stage.after:
            found |= dict.fromkeys([name] if name in present else self.upstream(self[name], present))
        return tuple(found)

    def required(self, stage: Stage, present: Collection[str]) -> tuple[str, ...]:
        """Return the stages that must have passed before a stage that runs after a `may_be_late` stage.

        Such a stage starts even when the late stage failed. It then requires the stages before the late one. The result
        is () for any other stage, and for stages that judge or end the run.
        """
        if stage.role is not Role.PREPARE or not self._follows_late(stage, present):
            return ()
        found: dict[str, None] = {}
        for name in self.upstream(stage, present):
            before = self[name]
            may_fail = before.may_be_late or self._follows_late(before, present)
            found |= dict.fromkeys(
                (self.required(before, present) or self.upstream(before, present)) if may_fail else [name]
            )
        return tuple(found)

    def _follows_late(self, stage: Stage, present: Collection[str]) -> bool:
        """Return whether a `may_be_late` stage is upstream of a stage, directly or not."""
        predecessors = [self[name] for name in self.upstream(stage, present)]
        return any(before.may_be_late or self._follows_late(before, present) for before in predecessors)
