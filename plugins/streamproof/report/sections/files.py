"""The files of the run that the report links to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamproof.model.results import StageResult
from streamproof.report.sections.entities import Sessions

# Files that every report links to, relative to the report.
_FILES = (
    ("harness.log", "log of the run"),
    ("summary.json", "verdict, machine-readable"),
    ("report.md", "this report as Markdown"),
    ("junit.xml", "checks as JUnit"),
    ("plan.json", "what was asked"),
)


def started(summary: Mapping[str, Any]) -> Sequence[str]:
    """Return the services that the run itself started. Only these have logs in its folder."""
    stack = summary["stack"]
    return list(stack.get("started") or stack.get("versions") or ())


def files(
    summary: Mapping[str, Any], results: Mapping[str, StageResult], traces: Mapping[str, str], judged: Sessions | None
) -> list[tuple[str, str]]:
    """Return (path relative to the report, what it holds) of the run's files. `judged` are its entities."""
    found = list(_FILES)
    found += [(f"stack/logs/{service}.log", f"log of {service}") for service in started(summary)]
    found += [(f"stages/{stage}.log", f"log of stage {stage}") for stage in results]
    if results.get("contracts"):
        found.append(("contracts/", "contract results as JSON"))
    if judged:
        found.append(("sessions.json", f"final facts of every {judged.name}, and what differs from the oracle"))
    proof = results.get("prove")
    if proof and "mutations_applied" in proof.details:
        found.append(("prove.json", "every mutation and what it showed"))
    if proof and "coverage" in proof.details:
        found.append(("coverage.json", "every damage of a column, and which check saw it"))
    if summary["verdict"] != "passed":
        found.append(("diagnostics/", "what the run left to look at"))
    if any(path.startswith("diagnostics/") for path in traces.values()):
        found.append(
            (
                "diagnostics/sessions/index.json",
                f"{judged.plural if judged else 'entities'} that were traced, and those that were not",
            )
        )
    return found
