"""The rungs: how much a run can prove about a pipeline, by what the pack says about it in `accounting:`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from streamproof.model.plan import PlannedStage, Role, RunPlan
from streamproof.model.results import CheckResult, StageResult, Status


class Rung(StrEnum):
    """One rung. Their order is that of the design; a pack may have a later one without an earlier one."""

    JUDGED = "judged"
    DRAINED = "drained"
    RAW_COMPLETE = "raw_complete"
    IDS_ACCOUNTED = "ids_accounted"
    RECORDS_ACCOUNTED = "records_accounted"
    FORETOLD = "foretold"


# What a run proves on each rung.
PROVES: Mapping[Rung, str] = {
    Rung.JUDGED: "the suites and contracts hold",
    Rung.DRAINED: "what was published had arrived before anything was judged",
    Rung.RAW_COMPLETE: "every published record is in the raw table exactly once",
    Rung.IDS_ACCOUNTED: "every id ended in exactly one place, and none came from nowhere",
    Rung.RECORDS_ACCOUNTED: "every record has exactly one disposition",
    Rung.FORETOLD: "the facts are what the events alone say",
}

# What a pack must say to offer each rung.
NEEDS: Mapping[Rung, str] = {
    Rung.JUDGED: "Name suites of assertions in `suites`, or add contracts.",
    Rung.DRAINED: "Name consumer_groups and settled_tables in `accounting.drained`.",
    Rung.RAW_COMPLETE: "Name the raw table and its columns of topic, partition and offset in `accounting.raw`.",
    Rung.IDS_ACCOUNTED: "Say in `accounting.ids` where an event's id stands in its value and in the tables.",
    Rung.RECORDS_ACCOUNTED: "Name the table with the disposition of every record in `accounting.dispositions`.",
    Rung.FORETOLD: "Name in `oracle` the module that computes the expected facts from the events.",
}


def missing_rungs(offered: Collection[str]) -> dict[str, str]:
    """Return the rungs that a pack does not offer, and what it would have to say, one sentence each."""
    return {rung.value: NEEDS[rung] for rung in Rung if rung not in offered}


def proved_rungs(plan: RunPlan, results: Mapping[str, StageResult]) -> list[str]:
    """Return the rungs that the pack offers and this run has proved, in their order.

    Every stage of a rung must have ended without an error. If it judges, at least one check of the rung must have
    passed, and none may have failed or been errored.
    """
    return [rung for rung in plan.rungs if _is_proved(rung, [s for s in plan.stages if rung in s.rungs], results)]


def _is_proved(rung: str, stages: Collection[PlannedStage], results: Mapping[str, StageResult]) -> bool:
    ended = {stage.name: results[stage.name] for stage in stages if stage.name in results}
    if len(ended) < len(stages) or any(result.error is not None for result in ended.values()):
        return False
    if all(stage.role is not Role.JUDGE for stage in stages):
        return bool(stages) and all(result.status is Status.PASSED for result in ended.values())
    found = {check.status for result in ended.values() for check in _checks_of(rung, result)}
    return Status.PASSED in found and not found & {Status.FAILED, Status.ERRORED}


def _checks_of(rung: str, result: StageResult) -> Iterator[CheckResult]:
    """Yield the checks of a rung. A check that names no rung belongs to that of its stage."""
    return (check for check in result.checks if check.rung in ("", rung))
