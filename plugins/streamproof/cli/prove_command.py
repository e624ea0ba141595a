"""`streamproof prove`: show that every check of the pack is able to fail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from streamproof.cli.options import Json, Pack, named
from streamproof.cli.output import emit_json, result_console
from streamproof.cli.run_command import run_planned
from streamproof.model.errors import EXIT_CHECK_FAILED, EXIT_NOT_JUDGED, UsageError
from streamproof.model.plan import EVERY_DAMAGE, PROVE
from streamproof.model.results import Verdict
from streamproof.model.verdict import EXIT_CODES


def prove(
    pack: Pack = "livepeer",
    run_id: Annotated[
        str | None, typer.Option("--run-id", help="Name of the run and its folder.", metavar="ID")
    ] = None,
    suites: Annotated[
        list[str] | None, typer.Option("--suites", help="Prove only these suites; can be repeated.", metavar="NAME")
    ] = None,
    check: Annotated[
        list[str] | None, typer.Option("--check", help="Prove only this check; can be repeated.", metavar="NAME")
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Instead damage every column, row and family, and see which check fails.")
    ] = False,
    damages: Annotated[
        str | None, typer.Option("--damages", help="With --coverage: one a column, or all that its type allows.")
    ] = None,
    manifest: Annotated[
        str | None,
        typer.Option("--manifest", help="Fixture set of the pack, or path of a manifest.", metavar="SET|PATH"),
    ] = None,
    kafka: Annotated[str, typer.Option("--kafka", help="broker, or mock where the broker cannot be had.")] = "broker",
    keep_stack: Annotated[bool, typer.Option("--keep-stack", help="Leave the stack up afterwards.")] = False,
    json: Json = False,
) -> None:
    """Make a run, break clones of its database, and require that the checks notice: else exit 1.

    By the mutations that stand beside the checks, every check must notice its own. With `--coverage`, every damage of a
    column, a row or a family must be noticed by some check of its layer or the next.
    """
    from streamproof.runs.planning import RunRequest

    request = RunRequest(
        pack=pack,
        run_id=run_id,
        mode=PROVE,
        kafka=kafka,
        keep_stack=keep_stack,
        prove_suites=named(suites),
        prove_checks=named(check),
        manifest=manifest,
        coverage=_damages(coverage, damages),
        mutations=not coverage,
    )
    summary = run_planned(request, datetime.now(UTC))
    document = _read(Path(summary["folder"]), summary, coverage=coverage)
    _show(document, summary, json=json)
    raise typer.Exit(_exit_code(document, summary))


def _damages(coverage: bool, damages: str | None) -> str:
    """Return which damages are wanted, '' for none. Raises UsageError for --damages without --coverage."""
    if damages is not None and not coverage:
        raise UsageError("--damages has no meaning without --coverage.", hint="Add --coverage, or leave it out.")
    return (damages or EVERY_DAMAGE) if coverage else ""


def _read(folder: Path, summary: Mapping[str, Any], *, coverage: bool) -> dict[str, Any]:
    """Return the proof of a run; a run that could not be proved has counts of zero and says why in `error`."""
    from streamproof.runs.folder import read_json
    from streamproof.stages.coverage import ARTIFACT as COVERAGE
    from streamproof.stages.prove import ARTIFACT

    place = {"run_id": summary["run_id"], "folder": str(folder), "error": None}
    file = folder / (COVERAGE if coverage else ARTIFACT)
    if file.exists():
        return {**read_json(file), **place}
    nothing: dict[str, Any] = {"columns": 0, "covered": 0, "exempt": {}, "survivors": [], "matrix": []}
    if not coverage:
        nothing = {"checks": 0, "proved": 0, "informational": 0, "survivors": [], "mutations": []}
    return {**nothing, **place, "error": summary["error"] or "the run's own checks do not all hold"}


def _exit_code(document: Mapping[str, Any], summary: Mapping[str, Any]) -> int:
    """Return 3 when nothing could be proved, 1 with survivors, else what the run's verdict means."""
    if document["error"]:
        return EXIT_NOT_JUDGED
    return EXIT_CHECK_FAILED if document["survivors"] else EXIT_CODES[Verdict(summary["verdict"])]


def _show(document: Mapping[str, Any], summary: Mapping[str, Any], *, json: bool) -> None:
    from streamproof.report.coverage_view import show_coverage
    from streamproof.report.proof_view import show_proof
    from streamproof.report.verdict_view import show_verdict

    console = result_console(json=json)
    if document["error"]:
        show_verdict(console, summary)
    show = show_coverage if "matrix" in document else show_proof
    show(console, document)
    if json:
        emit_json(document)
