"""Diagnostics: queries that show something and decide nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.model.results import StageResult
from streamproof.report.sections.entries import entries


@dataclass(frozen=True, slots=True)
class Shown:
    """The values of a diagnostic. `note` says why there are none."""

    suite: str
    name: str
    values: Mapping[str, Any]
    note: str


def diagnostics(results: Iterable[StageResult]) -> tuple[Shown, ...]:
    """Return the diagnostics of the suites, from the details of stages `assert_<suite>`."""
    return tuple(
        Shown(result.stage.removeprefix("assert_"), entry["name"], entry["values"], entry["error"] or entry["skipped"])
        for result in results
        for entry in entries(result, "diagnostics")
    )
