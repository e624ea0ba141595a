"""Options that several commands share, with one meaning each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from streamproof.model.errors import UsageError
from streamproof.model.window import Window, iso_ms, window_from

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout; everything else on stderr.")]
Pack = Annotated[
    str | None,
    typer.Option("--pack", help="The pipeline under test: a pack by name, or its folder.", metavar="NAME|DIR"),
]
MaxRows = Annotated[int, typer.Option("--max-rows", help="Rows shown of each table.", min=1, metavar="N")]
FromTs = Annotated[
    str | None, typer.Option("--from-ts", help="Start of the window, ISO-8601, UTC, included.", metavar="TIME")
]
ToTs = Annotated[str | None, typer.Option("--to-ts", help="End of the window, excluded.", metavar="TIME")]
LookbackHours = Annotated[
    float | None, typer.Option("--lookback-hours", help="The window is the last N hours instead.", metavar="N")
]
NewRunId = Annotated[str | None, typer.Option("--run-id", help="Name of the run and its folder.", metavar="ID")]
Stack = Annotated[
    str,
    typer.Option(
        "--stack",
        help="Where the services run: local; compose (Docker); external: those of CH_HOST and KAFKA_BOOTSTRAP.",
    ),
]
Processor = Annotated[
    str | None,
    typer.Option("--processor", help="One of the pack's processors; default: its first.", metavar="NAME"),
]
Partitions = Annotated[
    int, typer.Option("--partitions", help="Partitions of the input topic.", metavar="N", min=1, max=64)
]
Parallelism = Annotated[
    int | None,
    typer.Option("--parallelism", help="Of a job on Flink; default: the pack's own.", metavar="N", min=1, max=64),
]
Speed = Annotated[
    str,
    typer.Option("--speed", help="max, or times faster than the events happened: 1x, 60x.", metavar="max|FACTOR"),
]
ShiftTo = Annotated[
    str | None,
    typer.Option("--shift-to", help="Move all times so that the last event is at a time, or now.", metavar="now|TIME"),
]
Events = Annotated[
    int | None, typer.Option("--events", help="Replay only the first N events, by time.", metavar="N", min=1)
]
Faults = Annotated[
    str | None,
    typer.Option("--faults", help="Plan of faults, for a pipeline that fetches what is served.", metavar="NAME|FILE"),
]
Kafka = Annotated[str, typer.Option("--kafka", help="broker, or mock (librdkafka's) where no real broker can run.")]
Manifest = Annotated[
    str | None, typer.Option("--manifest", help="Fixture set of the pack, or path of a manifest.", metavar="SET|PATH")
]
KeepStack = Annotated[bool, typer.Option("--keep-stack", help="Leave the stack up afterwards.")]
TolerateBadLines = Annotated[
    bool, typer.Option("--tolerate-bad-lines", help="Leave out malformed fixture lines; count and report them.")
]
Inject = Annotated[
    str | None, typer.Option("--inject", help="SQL to run before the checks, to see a run fail.", metavar="FILE")
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
    """Return the window that the options give. Raises UsageError when they give none, because there is no default."""
    window = window_from(from_ts, to_ts, lookback_hours, now=datetime.now(UTC))
    if window is None:
        raise UsageError("No window is given.", hint="Give --from-ts and --to-ts, or --lookback-hours.")
    return window


def window_texts(
    from_ts: str | None, to_ts: str | None, lookback_hours: float | None, *, now: datetime
) -> tuple[str | None, str | None]:
    """Return start and end of the window that the options give, as a request has them. Raises UsageError."""
    window = window_from(from_ts, to_ts, lookback_hours, now=now)
    return (iso_ms(window.from_ts), iso_ms(window.to_ts)) if window else (None, None)


def named(values: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names in a repeatable option. One value may hold several, separated by commas."""
    return tuple(name.strip() for value in values or () for name in value.split(",") if name.strip())
