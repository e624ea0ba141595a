"""The pages that look at several runs: two runs compared, and the checks that are flaky or drift."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from streamproof.airflow.page.access import CurrentReader
from streamproof.airflow.page.finding import Settings
from streamproof.airflow.page.responses import page
from streamproof.airflow.page.runs import read_runs
from streamproof.history.comparing import compare
from streamproof.history.drift import drifts_by_run
from streamproof.history.entries import RunEntry
from streamproof.history.flaky import flaky_checks, flaky_runs

_MOST_NUMBERS = 200
router = APIRouter()


@router.get("/compare")
def two_runs(
    request: Request,
    reader: CurrentReader,
    settings: Settings,
    run: Annotated[list[str], Query(default_factory=list)],
) -> HTMLResponse:
    """Compare two runs, the earlier one first. Raises HTTPException (404, 422)."""
    if len(run) != 2:
        raise HTTPException(422, f"Choose two runs to compare: {len(run)} were chosen.")
    entries = {entry.run_id: entry for entry in read_runs(settings, reader.may_read).entries}
    for name in run:
        if name not in entries:
            raise HTTPException(404, f"There is no run {name} in the history that you may read.")
    a, b = sorted((entries[name] for name in run), key=lambda entry: (entry.started_at, entry.run_id))
    found = compare(a, b)
    numbers = found.diagnostics_that_changed
    return page(
        request,
        "compare.html.j2",
        a=a,
        b=b,
        found=found,
        numbers=numbers[:_MOST_NUMBERS],
        more_numbers=max(len(numbers) - _MOST_NUMBERS, 0),
    )


@router.get("/checks")
def unsteady(request: Request, reader: CurrentReader, settings: Settings, pack: str = "") -> HTMLResponse:
    """Show which checks and runs are flaky, and what drifts in the newest run of each kind, by pack."""
    found = read_runs(settings, reader.may_read)
    of_pack: dict[str, list[RunEntry]] = {}
    for entry in found.entries:
        if pack in ("", entry.pack):
            of_pack.setdefault(entry.pack, []).append(entry)
    packs = [
        {
            "name": name,
            "runs": len(entries),
            "checks": list(flaky_checks(entries).values()),
            "flaky_runs": flaky_runs(entries),
            "drifts": drifts_by_run(entries),
        }
        for name, entries in sorted(of_pack.items())
    ]
    return page(request, "checks.html.j2", found=found, packs=packs, asked=pack)
