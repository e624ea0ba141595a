"""Diagnostics: queries that tell a reader something beside the checks, and cannot fail. They decide nothing."""

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
    """What one diagnostic showed: its row without `failed_rows`.

    `skipped` says why it had nothing to show, `error` why it could not be run; both are '' where it was.
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
    """Run every diagnostic, whatever becomes of the others, and return them in the order of the blocks."""
    return tuple(map(_shown, run_checks(warehouse, blocks, parameters, suite=suite)))


def _shown(result: CheckResult) -> Diagnostic:
    """Read the answer of a query that has the shape of a check's."""
    values = dict(result.diagnostics)
    skipped = str(values.pop(SKIP_REASON, ""))
    error = result.error or ""
    if result.status is Status.FAILED:
        error = f"failed_rows is {result.failed_rows}: what can fail is a check, and its folder is assertions/"
    return Diagnostic(result.name, result.source_file, values, skipped, error)
