"""Diagnostics: queries that show additional information. They cannot fail, so they do not affect the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streamproof.checks.assertions import SKIP_REASON, run_checks
from streamproof.model.results import CheckResult, Status
from streamproof.sql.blocks import Block

if TYPE_CHECKING:
    from streamproof.warehouse.base import Warehouse


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """The result of one diagnostic. `values` is its row without `failed_rows`.

    `skipped` says why there was nothing to show, `error` why the query could not be run. Both are '' otherwise.
    """

    name: str
    source_file: str
    values: Mapping[str, Any] = field(default_factory=dict)
    skipped: str = ""
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "name": self.name,
            "source_file": self.source_file,
            "values": dict(self.values),
            "skipped": self.skipped,
            "error": self.error,
        }


def run_diagnostics(
    warehouse: Warehouse, blocks: Sequence[Block], parameters: Mapping[str, object], *, suite: str
) -> tuple[Diagnostic, ...]:
    """Run every diagnostic, also after one has failed, and return the results in the order of the blocks."""
    return tuple(map(_diagnostic, run_checks(warehouse, blocks, parameters, suite=suite)))


def _diagnostic(result: CheckResult) -> Diagnostic:
    """Convert the result of a diagnostic, which runs like a check, and report an error if `failed_rows` is not 0."""
    values = dict(result.diagnostics)
    skipped = str(values.pop(SKIP_REASON, ""))
    error = result.error or ""
    if result.status is Status.FAILED:
        error = f"failed_rows is {result.failed_rows}: what can fail is a check, and its folder is assertions/"
    return Diagnostic(result.name, result.source_file, values, skipped, error)
