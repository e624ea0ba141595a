"""The figures of a measurement: by module, the rate, and every survivor with its change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.detection.judge import Outcome, Verdict


def figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return counts by outcome and module, the rates (0 to 1, None of nothing), and the survivors.

    `rate` counts what crashed as detected: no run of it ends green. `rate_by_checks` leaves it out.
    """
    counts = Counter(verdict.outcome for verdict in verdicts)
    judged = len(verdicts) - counts[Outcome.EQUIVALENT]
    by_checks = counts[Outcome.DETECTED] + counts[Outcome.SURVIVED]
    return {
        "drawn": len(verdicts),
        **_counted(counts),
        "rate": _share(counts[Outcome.DETECTED] + counts[Outcome.CRASH], judged),
        "rate_by_checks": _share(counts[Outcome.DETECTED], by_checks),
        "seconds_per_mutant": round(sum(v.duration_sec for v in verdicts) / max(1, len(verdicts)), 2),
        "by_kind": _grouped(verdicts, [verdict.mutant.kind for verdict in verdicts]),
        "by_module": _grouped(verdicts, [verdict.mutant.module for verdict in verdicts]),
        "by_operator": _grouped(
            verdicts,
            [
                verdict.mutant.operator.split("_")[0] if verdict.mutant.kind == "python" else verdict.mutant.operator
                for verdict in verdicts
            ],
        ),
        "detected_by": dict(
            Counter(v.by.split(".")[0] for v in verdicts if v.outcome is Outcome.DETECTED).most_common()
        ),
        "equivalent_but_for_reject_topics": sum(v.outcome is Outcome.EQUIVALENT and bool(v.by) for v in verdicts),
        "survivors": [_survivor(verdict) for verdict in verdicts if verdict.outcome is Outcome.SURVIVED],
        # For readers who want to improve the sets: many of these changes would be faults on other events.
        "equivalents": [_change(verdict) for verdict in verdicts if verdict.outcome is Outcome.EQUIVALENT],
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _counted(counts: Counter[Outcome]) -> dict[str, int]:
    return {outcome.value: counts[outcome] for outcome in Outcome}


def _grouped(verdicts: Sequence[Verdict], groups: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[Outcome]] = {}
    for verdict, group in zip(verdicts, groups, strict=True):
        found.setdefault(group, Counter())[verdict.outcome] += 1
    return {group: _counted(found[group]) for group in sorted(found)}


def _survivor(verdict: Verdict) -> dict[str, Any]:
    mutant = verdict.mutant
    return {
        "module": mutant.module,
        "operator": mutant.operator,
        "changed": verdict.by,
        "sets": verdict.event_set,
        "diff": mutant.diff(),
    }


def _change(verdict: Verdict) -> str:
    """Return location and change in one line."""
    mutant = verdict.mutant
    changed = [line for line in mutant.diff().splitlines()[3:] if line.startswith(("-", "+"))]
    return f"{mutant.path}:{mutant.line} " + " ".join(" ".join(line.split()) for line in changed)


def table(document: dict[str, Any]) -> str:
    """Return the figures by module as a text with columns."""
    outcomes = [outcome.value for outcome in Outcome]
    lines = [f"{'module':<36}" + "".join(f"{outcome:>12}" for outcome in outcomes)]
    lines += [
        f"{module:<36}" + "".join(f"{counts[outcome]:>12}" for outcome in outcomes)
        for module, counts in (*document["by_module"].items(), ("all", document))
    ]
    return "\n".join(lines)
