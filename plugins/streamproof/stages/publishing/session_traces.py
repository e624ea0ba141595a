"""Trace the sessions that failed checks name, and write the traces to the run's diagnostics.

`streamproof session` traces a single session on request.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamproof.checks.session_trace import SessionQueries, read_session_queries, trace_session
from streamproof.model.errors import StreamproofError
from streamproof.model.results import CheckResult
from streamproof.report.formatting import count
from streamproof.report.terminal.layers import trace_text
from streamproof.runs.context import RunContext
from streamproof.runs.folder import RunFolder
from streamproof.runtime.files import write_json
from streamproof.stages.publishing.links import links_in
from streamproof.warehouse.base import Warehouse

FOLDER = "sessions"
INDEX = "index.json"
# A broken pipeline may break every session. A few traces show the cause; the other sessions are only listed.
MOST_SESSIONS = 20
MOST_SEC = 60.0
# A stream of one day has ten thousand samples. Rows that are left out are counted.
MOST_ROWS = 1_000
ROWS_IN_TEXT = 50


def trace_failing_sessions(ctx: RunContext, failing: Sequence[CheckResult]) -> dict[str, Any]:
    """Trace the sessions that the checks name into diagnostics/sessions/, one JSON and one text file each.

    Returns the index, which is also written to that folder: {traced: {session: {json, text, checks}}, not_traced:
    {session: reason}}. Paths are relative to the run's folder. A session that cannot be traced is listed there with the
    reason; nothing is raised.
    """
    named = _named_by(failing)
    index: dict[str, Any] = {"traced": {}, "not_traced": {}}
    if named:
        try:
            queries = read_session_queries(ctx.sql_dir / "session", home=ctx.home, dialect=ctx.pack.dialect)
            # The rows of views are those that the checks have seen, and need not be computed again for each session.
            with ctx.warehouse(cached=True) as warehouse:
                _trace_all(ctx, warehouse, queries, named, index)
        except StreamproofError as problem:
            untraced = [session for session in named if session not in index["traced"]]
            index["not_traced"].update(dict.fromkeys(untraced, problem.message))
        ctx.log(f"{count(len(index['traced']), 'session')} traced, {len(index['not_traced'])} not")
        write_json(ctx.folder.diagnostics / FOLDER / INDEX, index)
    return index


def session_links(folder: RunFolder, log: Callable[[str], None]) -> dict[str, str]:
    """Return the path of each traced session's text file, relative to the run's folder, by session id.

    An index that cannot be read is logged and counts as none.
    """
    return links_in(folder, f"{folder.diagnostics.name}/{FOLDER}/{INDEX}", "traced", log, part="text")


def file_stem(session: str) -> str:
    """Return a file name for a session id: readable, safe, and unique to the id."""
    stem = re.sub(r"[^A-Za-z0-9.-]", "_", session)[:80]
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*\|[A-Za-z0-9.-]+", session)
    if plain and len(session) <= len(stem):
        return stem
    return f"{stem.lstrip('._-') or 'session'}-{hashlib.sha256(session.encode()).hexdigest()[:8]}"


def _named_by(failing: Sequence[CheckResult]) -> dict[str, list[str]]:
    """Return the names of the failing checks by session, sessions in the order of their first mention."""
    named: dict[str, list[str]] = {}
    for check in failing:
        for session in check.sessions:
            named.setdefault(session, []).append(f"{check.suite}.{check.name}")
    return named


def _trace_all(
    ctx: RunContext,
    warehouse: Warehouse,
    queries: SessionQueries,
    named: Mapping[str, Sequence[str]],
    index: dict[str, Any],
) -> None:
    started = time.monotonic()
    for session, checks in named.items():
        if len(index["traced"]) >= MOST_SESSIONS:
            why = f"only the first {MOST_SESSIONS} are traced"
        elif time.monotonic() - started > MOST_SEC:
            why = f"tracing had taken {MOST_SEC:.0f} s"
        else:
            why = _trace_one(ctx, warehouse, queries, session, checks, index["traced"])
        if why:
            index["not_traced"][session] = why


def _trace_one(
    ctx: RunContext,
    warehouse: Warehouse,
    queries: SessionQueries,
    session: str,
    checks: Sequence[str],
    traced: dict[str, Any],
) -> str:
    """Write the two files of a session and add them to `traced`. Return the reason when that fails, else ''."""
    try:
        trace = trace_session(warehouse, queries, session, run_only_tables=ctx.pack.run_only_tables).as_json()
    except StreamproofError as problem:
        return problem.message
    files = f"diagnostics/{FOLDER}/{file_stem(session)}"
    remark = f"Named by {', '.join(checks)} in run {ctx.plan.run_id}"
    text = trace_text(f"Session {session}", trace, remarks=[remark], max_rows=ROWS_IN_TEXT)
    layers = [
        {**layer, "rows": layer["rows"][:MOST_ROWS], "total_rows": len(layer["rows"])} for layer in trace["layers"]
    ]
    write_json(ctx.folder.root / f"{files}.json", {**trace, "checks": list(checks), "layers": layers})
    (ctx.folder.root / f"{files}.txt").write_text(text, encoding="utf-8")
    traced[session] = {"json": f"{files}.json", "text": f"{files}.txt", "checks": list(checks)}
    return ""
