"""Options that several commands share, with one meaning each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from streamproof.model.errors import UsageError
from streamproof.model.window import Window

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


def window_from(
    from_ts: str | None, to_ts: str | None, lookback_hours: float | None, *, now: datetime
) -> Window | None:
    """Return the window that the options name, None when they name none; `now` is in UTC.

    Raises UsageError for both kinds at once, one end without the other, an empty window, or a time that is none.
    """
    if lookback_hours is not None:
        if from_ts is not None or to_ts is not None:
            raise UsageError(
                "--lookback-hours and --from-ts/--to-ts exclude each other.", hint="Give one kind of window."
            )
        if not (math.isfinite(lookback_hours) and 0 < lookback_hours <= 24 * 366 * 100):
            raise UsageError(f"--lookback-hours {lookback_hours:g} is no span of time.", hint="Give hours above 0.")
        return Window.looking_back(lookback_hours, now=now)
    if (from_ts is None) != (to_ts is None):
        raise UsageError("A window has two ends.", hint="Give both --from-ts and --to-ts, or --lookback-hours.")
    return None if from_ts is None or to_ts is None else Window.parse(from_ts, to_ts)


def required_window(from_ts: str | None, to_ts: str | None, lookback_hours: float | None) -> Window:
    """Return the window that the options name. Raises UsageError when they name none: there is no silent default."""
    window = window_from(from_ts, to_ts, lookback_hours, now=datetime.now(UTC))
    if window is None:
        raise UsageError("No window is given.", hint="Give --from-ts and --to-ts, or --lookback-hours.")
    return window


def named(values: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names in a repeatable option, which may also hold several by commas."""
    return tuple(name.strip() for value in values or () for name in value.split(",") if name.strip())
