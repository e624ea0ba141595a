"""`streamproof prove`: show that every check of the pack is able to fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproof.cli.commands.run import run_planned
from streamproof.cli.options import named
from streamproof.cli.output import emit_json, result_console
from streamproof.cli.run_options import CommonOptions, takes
from streamproof.model.errors import EXIT_CHECK_FAILED, EXIT_NOT_JUDGED, UsageError
from streamproof.model.plan import EVERY_DAMAGE, PROVE
from streamproof.model.results import Verdict
from streamproof.model.verdict import EXIT_CODES

if TYPE_CHECKING:
    from streamproof.runs.request import RunRequest

# The counts of each part of a proof when nothing could be proved.
_NO_PROOF: Mapping[str, Any] = {"checks": 0, "proved": 0, "informational": 0, "survivors": [], "mutations": []}
_NO_COVERAGE: Mapping[str, Any] = {"columns": 0, "covered": 0, "exempt": {}, "survivors": [], "matrix": []}
ProvedSuites = Annotated[
    list[str] | None, typer.Option("--suites", help="Prove only these suites; can be repeated.", metavar="NAME")
]
ProvedChecks = Annotated[
    list[str] | None, typer.Option("--check", help="Prove only this check; can be repeated.", metavar="NAME")
]
Coverage = Annotated[
    bool,
    typer.Option("--coverage", help="Instead damage every column, row and family, and report which checks fail."),
]
Damages = Annotated[
    str | None, typer.Option("--damages", help="With --coverage: one a column, or all that its type allows.")
]
Mutations = Annotated[
    bool, typer.Option("--mutations", help="With --coverage: apply the mutations of the checks as well.")
]


@dataclass(frozen=True, kw_only=True)
class ProveOptions(CommonOptions):
    """The options of `prove`."""

    suites: ProvedSuites = None
    check: ProvedChecks = None
    coverage: Coverage = False
    damages: Damages = None
    mutations: Mutations = False

    def request(self, now: datetime) -> RunRequest:
        """Return the request of the run and of what it proves. Raises UsageError."""
        return replace(
            self.common_request(PROVE, now),
            prove_suites=named(self.suites),
            prove_checks=named(self.check),
            coverage=_damages(self.coverage, self.damages),
            mutations=self.mutations or not self.coverage,
        )


@takes(ProveOptions)
def prove(options: ProveOptions) -> None:
    """Make a run, break clones of its database, and require that the checks notice: else exit 1.

    Every check must notice the mutations beside it; with `--coverage`, each damage of a column, a row or a family.
    """
    now = datetime.now(UTC)
    raise typer.Exit(_proved(options.request(now), now, coverage=options.coverage, json=options.json))


def _proved(request: RunRequest, now: datetime, *, coverage: bool, json: bool) -> int:
    """Make the run, show what it proved, and return the exit code."""
    summary = run_planned(request, now)
    document = _read(Path(summary["folder"]), summary, mutations=request.mutations, coverage=coverage)
    _show(document, summary, json=json)
    return _exit_code(document, summary)


def _damages(coverage: bool, damages: str | None) -> str:
    """Return the damages to apply, '' for none. Raises UsageError for --damages without --coverage."""
    if damages is not None and not coverage:
        raise UsageError("--damages has no meaning without --coverage.", hint="Add --coverage, or leave it out.")
    return (damages or EVERY_DAMAGE) if coverage else ""


def _read(folder: Path, summary: Mapping[str, Any], *, mutations: bool, coverage: bool) -> dict[str, Any]:
    """Return the proof of a run. If nothing could be proved, its counts are zero and `error` has the reason.

    If both parts were requested, it is the proof by mutations, with the other part under `coverage`.
    """
    from streamproof.stages.judging.coverage import ARTIFACT as COVERAGE
    from streamproof.stages.judging.prove import ARTIFACT

    proof = _part(folder, ARTIFACT, summary, _NO_PROOF) if mutations else {}
    matrix = _part(folder, COVERAGE, summary, _NO_COVERAGE) if coverage else {}
    return {**proof, "coverage": matrix} if proof and matrix else proof or matrix


def _part(folder: Path, name: str, summary: Mapping[str, Any], nothing: Mapping[str, Any]) -> dict[str, Any]:
    from streamproof.runs.folder import read_json

    common = {"run_id": summary["run_id"], "folder": str(folder), "error": None}
    if (folder / name).exists():
        return {**read_json(folder / name), **common}
    return {**nothing, **common, "error": summary["error"] or "the run's own checks do not all hold"}


def _exit_code(document: Mapping[str, Any], summary: Mapping[str, Any]) -> int:
    """Return 3 when nothing could be proved, 1 when there are survivors, else the exit code of the run's verdict."""
    parts = [document, document.get("coverage", {})]
    if any(part.get("error") for part in parts):
        return EXIT_NOT_JUDGED
    survivors = any(part.get("survivors") for part in parts)
    return EXIT_CHECK_FAILED if survivors else EXIT_CODES[Verdict(summary["verdict"])]


def _show(document: Mapping[str, Any], summary: Mapping[str, Any], *, json: bool) -> None:
    from streamproof.report.terminal.coverage import show_coverage
    from streamproof.report.terminal.proof import show_proof
    from streamproof.report.terminal.verdict import show_verdict

    console = result_console(json=json)
    if document["error"]:
        show_verdict(console, summary)
    show = show_coverage if "matrix" in document else show_proof
    show(console, document)
    if "coverage" in document:
        show_coverage(console, document["coverage"])
    if json:
        emit_json(document)
