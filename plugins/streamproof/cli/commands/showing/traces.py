"""Print the trace of a session or an event, which both have the same form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from streamproof.cli.output import emit_json, result_console
from streamproof.model.errors import EXIT_NOT_JUDGED

if TYPE_CHECKING:
    from streamproof.checks.event_trace import EventTrace
    from streamproof.checks.session_trace import SessionTrace


def print_trace(title: str, trace: EventTrace | SessionTrace, *, max_rows: int, json: bool) -> None:
    """Print a trace as tables, or as one JSON document. Exits with 3 when a layer could not be read."""
    from streamproof.report.terminal.layers import show_trace

    if json:
        emit_json(trace.as_json())
    else:
        show_trace(result_console(json=json), title, trace.as_json(), max_rows=max_rows)
    if trace.broken:
        raise typer.Exit(EXIT_NOT_JUDGED)
