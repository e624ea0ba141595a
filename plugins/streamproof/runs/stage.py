"""What a stage of a run is, and the list of all stages: plan, runner, task graphs and timeline are made from it.

The list itself is `stages.registry.STAGES`; everything in `runs` gets it as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from streamproof.model.errors import UsageError
from streamproof.model.plan import PlannedStage, Role

if TYPE_CHECKING:
    from streamproof.model.waiting import Probe
    from streamproof.runs.context import RunContext, StageOutcome

SUITE_PREFIX = "assert_"
# Airflow ends a task that takes longer; a stage that waits has a time limit of its own, which says what was missing.
TIMEOUT_SEC = 900.0


@dataclass(frozen=True, slots=True)
class Wait:
    """What a stage waits for.

    `opened` gives the probe, which blocks for one look; `timeout_sec` is counted from the first look; `message` names
    what is awaited, `hint` says where to look when it does not come.
    """

    opened: Callable[[], AbstractContextManager[Callable[[], Probe]]]
    timeout_sec: float
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a run.

    `modes` are the modes of a run that have it; `needs` are what the pack must offer for it (see
    `planning.pack_offers`). `asked_by` is the option of a run without which the stage is left out, `unless` the one
    with which it is; '' for none.
    `after` names the stages that it waits for; one that a run does not have is replaced by what that one waits for.
    `per_suite` makes it a family with one stage for each suite of the run, named `assert_<suite>`; `function` then
    takes the suite's name, too.
    `retried` stages touch infrastructure only and may be tried again. After a `may_be_late` stage that did not pass the
    run goes on to the checks as long as its stack is up. `waits` marks stages that mostly wait for services; `wait`
    gives what a sensor polls. `get_ready` does early what takes long and needs no service (an import, say), `process`
    is the module that runs the stage in a process of its own, '' where it has none. `afterwards` is called when the
    stage's result is written.
    """

    name: str
    function: Callable[..., StageOutcome]
    modes: tuple[str, ...]
    role: Role = Role.PREPARE
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
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
        """Tell whether the stage holds checks."""
        return self.role is Role.JUDGE

    def of_suite(self, suite: str) -> Stage:
        """Return the member of this family that judges one suite."""
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

        `offers` is what the pack offers, `options` are the options that the run was asked with.
        """
        found: list[PlannedStage] = []
        for stage in self:
            asked = not stage.asked_by or stage.asked_by in options
            if mode in stage.modes and set(stage.needs) <= set(offers) and asked and stage.unless not in options:
                names = [f"{SUITE_PREFIX}{suite}" for suite in suites] if stage.per_suite else [stage.name]
                found += [PlannedStage(name, stage.role, stage.waits) for name in names]
        return tuple(found)

    def of_modes(self, modes: Collection[str], options: Collection[str]) -> tuple[Stage, ...]:
        """Return the stages that a run of any of these modes may have, where these options may be asked."""
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
        """Return the stages that must have passed for one that comes behind a late stage; () for any other stage.

        A stage that comes behind a late one starts however that one ended: it needs what stood before it.
        """
        if stage.role is not Role.PREPARE or not self._behind_late(stage, present):
            return ()
        found: dict[str, None] = {}
        for name in self.upstream(stage, present):
            before = self[name]
            passes_on = before.may_be_late or self._behind_late(before, present)
            found |= dict.fromkeys(
                (self.required(before, present) or self.upstream(before, present)) if passes_on else [name]
            )
        return tuple(found)

    def _behind_late(self, stage: Stage, present: Collection[str]) -> bool:
        befores = [self[name] for name in self.upstream(stage, present)]
        return any(before.may_be_late or self._behind_late(before, present) for before in befores)
