"""The trend of a pack: how long each of its last runs took, and how many of its checks failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from streamproof.airflow.page.runs import ShownRun

RUNS = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """A run in the chart. `height` and `depth` are its duration and its failed checks, in percent of the greatest."""

    verdict: str
    height: float
    depth: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The last runs of a pack, the oldest first, with the longest duration in seconds and the most failed checks."""

    pack: str
    bars: tuple[Bar, ...]
    longest_sec: float
    most_failed: int
    not_passed: int


def charts_of(runs: Iterable[ShownRun]) -> list[Chart]:
    """Return a chart for each pack, from runs that are given newest first. Runs without a duration are left out."""
    of_pack: dict[str, list[ShownRun]] = defaultdict(list)
    for run in runs:
        if run.duration_sec is not None:
            of_pack[run.pack].append(run)
    return [_chart(pack, list(islice(found, RUNS))) for pack, found in sorted(of_pack.items())]


def _chart(pack: str, newest_first: list[ShownRun]) -> Chart:
    longest = max(run.duration_sec or 0.0 for run in newest_first)
    most = max(run.checks_failed for run in newest_first)
    bars = tuple(
        Bar(
            run.verdict,
            100 * (run.duration_sec or 0.0) / (longest or 1.0),
            100 * run.checks_failed / (most or 1),
            f"{run.run_id}: {run.verdict}",
        )
        for run in reversed(newest_first)
    )
    return Chart(pack, bars, longest, most, sum(run.verdict != "passed" for run in newest_first))
