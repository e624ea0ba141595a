"""Drift: stages, checks and numbers of the newest run that are far from those of the runs before it.

The earlier runs are described by their median, and their scatter by the median absolute deviation (MAD), because one
odd run must move neither. A value is flagged when it is outside of the scatter, and differs by enough to matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from streamproof.history.conditions import by_conditions, conditions
from streamproof.history.entries import RunEntry
from streamproof.model.results import Status

# With fewer earlier runs nothing is flagged. With more, only the last of them count.
FEWEST_RUNS, MOST_RUNS = 5, 10
# A value within this many deviations of the median is scatter. The factor makes a MAD a standard deviation of normally
# distributed values.
DEVIATIONS, MAD_TO_DEVIATION = 3.0, 1.4826
# A duration is flagged when it is longer or shorter by this factor, and by these seconds.
DURATION_FACTOR = 1.5
STAGE_FLOOR_SEC, CHECK_FLOOR_SEC = 1.0, 0.25
# A number in the diagnostics of a passed check is flagged when it differs by this share of the median.
DIAGNOSTIC_SHARE = 0.2

Kind = Literal["stage", "check", "diagnostic"]
_KINDS: tuple[Kind, ...] = ("stage", "check", "diagnostic")


@dataclass(frozen=True, slots=True)
class Drift:
    """A value of the newest run that is far from that of earlier runs.

    `name` is a stage, a check (`suite.name`), or a number of a check (`suite.name.diagnostic`). `before` is the median
    of the earlier runs and `now` the value of the newest: seconds, or the number itself. `ratio` is `now / before`,
    infinite when `before` is zero.
    """

    kind: Kind
    name: str
    before: float
    now: float
    ratio: float


def drifts(entries: Sequence[RunEntry]) -> tuple[Drift, ...]:
    """Return the drifts of the newest run that judged its pipeline, by kind, the greatest first.

    `entries` are newest first. The run is compared with at most ten, and at least five, earlier runs under the same
    conditions that judged their pipeline, whatever their commit. Runs that changed their own data are left out.
    """
    usable = [entry for entry in entries if entry.judged and not entry.injected]
    if not usable:
        return ()
    newest, *others = usable
    own = conditions(newest)
    before = [entry for entry in others if conditions(entry) == own][:MOST_RUNS]
    if len(before) < FEWEST_RUNS:
        return ()
    found = [*_stages(newest, before), *_checks(newest, before)]
    return tuple(sorted(found, key=lambda drift: (_KINDS.index(drift.kind), -_magnitude(drift), drift.name)))


def drifts_by_run(entries: Sequence[RunEntry]) -> dict[str, tuple[Drift, ...]]:
    """Return the drifts of the newest judged run under each conditions by its id; runs without one are left out.

    `entries` are newest first.
    """
    found = {}
    for group in by_conditions(entry for entry in entries if entry.judged).values():
        if flagged := drifts(group):
            found[group[0].run_id] = flagged
    return found


def _stages(newest: RunEntry, before: Sequence[RunEntry]) -> Iterator[Drift]:
    for name, now in newest.stages.items():
        earlier = [entry.stages[name] for entry in before if name in entry.stages]
        if _is_duration_drift(now, earlier, STAGE_FLOOR_SEC):
            yield _drift("stage", name, earlier, now)


def _checks(newest: RunEntry, before: Sequence[RunEntry]) -> Iterator[Drift]:
    """Yield the drifts of the checks that passed, against earlier runs in which they passed: a failure says more."""
    for name, check in newest.checks.items():
        if check.status != Status.PASSED:
            continue
        earlier = [entry.checks[name] for entry in before if name in entry.checks]
        earlier = [found for found in earlier if found.status == Status.PASSED]
        seconds = [found.duration_sec for found in earlier]
        if _is_duration_drift(check.duration_sec, seconds, CHECK_FLOOR_SEC):
            yield _drift("check", name, seconds, check.duration_sec)
        yield from _diagnostics(name, check.diagnostics, [found.diagnostics for found in earlier])


def _diagnostics(check: str, numbers: Mapping[str, float], before: Sequence[Mapping[str, float]]) -> Iterator[Drift]:
    for name, now in numbers.items():
        earlier = [found[name] for found in before if name in found]
        if _is_outside(now, earlier) and abs(now - median(earlier)) > DIAGNOSTIC_SHARE * abs(median(earlier)):
            yield _drift("diagnostic", f"{check}.{name}", earlier, now)


def _is_duration_drift(now: float, earlier: Sequence[float], floor: float) -> bool:
    if not _is_outside(now, earlier):
        return False
    usual = median(earlier)
    factor = max(now, usual) > DURATION_FACTOR * min(now, usual)
    return factor and abs(now - usual) > floor


def _is_outside(now: float, earlier: Sequence[float]) -> bool:
    """Return whether a value is outside of the scatter of enough earlier ones."""
    if len(earlier) < FEWEST_RUNS:
        return False
    usual = median(earlier)
    deviation = MAD_TO_DEVIATION * median(abs(value - usual) for value in earlier)
    return abs(now - usual) > DEVIATIONS * deviation


def _drift(kind: Kind, name: str, earlier: Iterable[float], now: float) -> Drift:
    before = median(earlier)
    return Drift(kind, name, before, now, now / before if before else math.inf)


def _magnitude(drift: Drift) -> float:
    """Return how far a value has moved, the same for a tenth as for ten times."""
    return abs(math.log(drift.ratio)) if 0 < drift.ratio < math.inf else math.inf
