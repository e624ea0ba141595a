"""Options that several commands share, with one meaning each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from streamproof.model.errors import UsageError
from streamproof.model.window import Window, window_from

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout; everything else on stderr.")]
Pack = Annotated[str, typer.Option("--pack", help="The pipeline under test.", metavar="NAME")]
FromTs = Annotated[
    str | None, typer.Option("--from-ts", help="Start of the window, ISO-8601, UTC, included.", metavar="TIME")
]
ToTs = Annotated[str | None, typer.Option("--to-ts", help="End of the window, excluded.", metavar="TIME")]
LookbackHours = Annotated[
    float | None, typer.Option("--lookback-hours", help="The window is the last N hours instead.", metavar="N")
]
SqlFiles = Annotated[
    list[Path] | None, typer.Option("--sql-file", help="SQL file to run; can be repeated.", metavar="FILE")
]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run", help="Read the database of this run, whose stack is still up, instead of CH_*.", metavar="RUN_ID"
    ),
]


def required_window(from_ts: str | None, to_ts: str | None, lookback_hours: float | None) -> Window:
    """Return the window that the options name. Raises UsageError when they name none: there is no silent default."""
    window = window_from(from_ts, to_ts, lookback_hours, now=datetime.now(UTC))
    if window is None:
        raise UsageError("No window is given.", hint="Give --from-ts and --to-ts, or --lookback-hours.")
    return window


def named(values: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names in a repeatable option, which may also hold several by commas."""
    return tuple(name.strip() for value in values or () for name in value.split(",") if name.strip())
