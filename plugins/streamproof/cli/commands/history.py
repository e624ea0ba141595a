"""`streamproof history`: the runs so far, what is flaky, what has drifted, and two runs compared."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json, Pack
from streamproof.cli.output import emit_json, result_console
from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from streamproof.environment import Environment
    from streamproof.history.entries import RunEntry
    from streamproof.history.store import History

_LATEST = "latest"
_RUNS_SHOWN = 20


def history(
    pack: Pack = None,
    limit: Annotated[
        int | None, typer.Option("--limit", help="Runs shown (20 where it is not given).", min=1, metavar="N")
    ] = None,
    check: Annotated[
        str | None, typer.Option("--check", help="Show the results of this check, SUITE.NAME.", metavar="NAME")
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option("--compare", help="Compare two runs, by id or `latest`.", metavar="A B"),
    ] = None,
    json: Json = False,
) -> None:
    """List the runs: verdict, time, first broken layer, FLAKY; below, flaky checks and drift.

    FLAKY: another verdict on the same commit, fixtures and options. The history stays when run folders are removed.
    """
    from streamproof.history.unfinished import read_all_runs
    from streamproof.runtime.process import is_alive

    _refuse_contradictions(limit, check, compare)
    environment = read_environment()
    found = read_all_runs(environment.artifacts, is_alive=is_alive, now=datetime.now(UTC))
    if pack is not None:
        found = _of_pack(found, environment, pack)
    if compare is not None:
        _compare(found, compare, json=json)
    elif check is not None:
        _show_check(found, check, limit or _RUNS_SHOWN, json=json)
    else:
        _show_runs(found, limit or _RUNS_SHOWN, json=json)


def _refuse_contradictions(limit: int | None, check: str | None, compare: tuple[str, str] | None) -> None:
    """Raise UsageError for options of which one would not be heeded."""
    others = {"--check": check, "--limit": limit}
    if compare is not None and (given := [name for name, value in others.items() if value is not None]):
        raise UsageError(
            f"--compare shows two runs whole; {' and '.join(given)} cannot be given with it.",
            hint="Give one of them. What differs by check is part of the comparison.",
        )


def _of_pack(history: History, environment: Environment, pack: str) -> History:
    """Return the runs of a pack by its name or folder. Raises UsageError when there is neither a run nor a pack."""
    from streamproof.history.store import History

    name = pack
    if all(entry.pack != pack for entry in history.entries):
        name = environment.packs.load(pack).name
    return History(tuple(entry for entry in history.entries if entry.pack == name), history.unreadable)


def _show_runs(history: History, limit: int, *, json: bool) -> None:
    from streamproof.history.drift import drifts_by_run
    from streamproof.history.flaky import flaky_checks, flaky_runs
    from streamproof.report.terminal.history import show_runs

    shown = history.entries[:limit]
    flaky, checks = flaky_runs(history.entries), flaky_checks(history.entries)
    ids = {entry.run_id for entry in shown}
    drifts = {run_id: found for run_id, found in drifts_by_run(history.entries).items() if run_id in ids}
    if json:
        document = {
            "runs": [{**_facts(entry), "flaky": entry.run_id in flaky} for entry in shown],
            "total": len(history.entries),
            "flaky_checks": [asdict(found) for found in checks.values()],
            "drifts": [{"run_id": run_id, **asdict(drift)} for run_id, found in drifts.items() for drift in found],
            "unreadable": _unreadable(history),
        }
        emit_json(document)
    else:
        show_runs(result_console(json=json), shown, history=history, flaky=flaky, checks=checks, drifts=drifts)


def _facts(entry: RunEntry) -> dict[str, Any]:
    """Return an entry as JSON data, without its checks."""
    names = [name for name in entry.__dataclass_fields__ if name not in ("checks", "stages")]
    return {**{name: getattr(entry, name) for name in names}, "stages": dict(entry.stages)}


def _unreadable(history: History) -> list[dict[str, str]]:
    return [{"path": path, "reason": reason} for path, reason in history.unreadable]


def _show_check(history: History, check: str, limit: int, *, json: bool) -> None:
    from streamproof.history.flaky import flaky_checks
    from streamproof.report.terminal.history import show_check, show_unreadable

    name = _check_name(history.entries, check)
    runs = [(entry, entry.checks[name]) for entry in history.entries if name in entry.checks]
    flaky = flaky_checks(history.entries).get(name)
    if json:
        results = [
            {"run_id": run.run_id, "started_at": run.started_at, "git_commit": run.git_commit, **asdict(result)}
            for run, result in runs[:limit]
        ]
        document = {
            "check": name,
            "runs": results,
            "total": len(runs),
            "flaky": asdict(flaky) if flaky else None,
            "unreadable": _unreadable(history),
        }
        emit_json(document)
    else:
        console = result_console(json=json)
        show_check(console, name, runs[:limit], flaky)
        show_unreadable(console, history)


def _check_name(entries: Sequence[RunEntry], asked: str) -> str:
    """Return a check's full name from that or its name alone. Raises UsageError when none, or several, are named so."""
    known = sorted({name for entry in entries for name in entry.checks})
    found = [asked] if asked in known else [name for name in known if name.partition(".")[2] == asked]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"Several checks are named '{asked}'.", hint=f"Name one of: {', '.join(found)}.")
    similar = difflib.get_close_matches(asked, [*known, *(name.partition(".")[2] for name in known)], n=3)
    hint = f"Did you mean: {', '.join(similar)}?" if similar else "`streamproof history --json` lists the runs."
    raise UsageError(f"No run in the history has a check '{asked}'.", hint=hint)


def _compare(history: History, sides: tuple[str, str], *, json: bool) -> None:
    from streamproof.history.comparing import compare
    from streamproof.report.terminal.history import show_comparison

    a, b = (_run(history.entries, side) for side in sides)
    found = compare(a, b)
    if json:
        emit_json({"a": a.run_id, "b": b.run_id, **asdict(found)})
    else:
        show_comparison(result_console(json=json), a, b, found)


def _run(entries: Sequence[RunEntry], run_id: str) -> RunEntry:
    """Return a run by its id, or the newest for `latest`. Raises UsageError when there is none."""
    found = next((entry for entry in entries if run_id in (entry.run_id, _LATEST)), None)
    if found is None:
        newest = ", ".join(entry.run_id for entry in entries[:5])
        hint = f"The newest: {newest}." if newest else "Make one with `streamproof run`."
        raise UsageError(f"There is no run '{run_id}' in the history.", hint=hint)
    return found
