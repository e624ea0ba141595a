"""The settings of the job on Flink: those of every runner, and a few of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.livepeer.config import Reader, Settings, from_environment
from pipelines.livepeer.errors import SettingsError

DEFAULT_ROWS_TOPIC = "livepeer.rows.v1"
DEFAULT_QUIET_MS = 4_000
DEFAULT_MAX_WAIT_MS = 15_000
DEFAULT_MOST_ENVELOPE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class FlinkSettings:
    """What the job on Flink needs beside the settings of every runner.

    `rows_topic` carries the rows to the warehouse. A signal waits for the capability watermark. When nothing arrives
    for `quiet_ms`, although every partition has delivered records before, everything that was published has arrived,
    and the signal waits no longer. A partition without records holds the watermark back: a signal waits no longer when
    the watermark has not moved for `max_wait_ms`, and 45 s more while there is none at all. An envelope longer than
    `most_envelope_bytes` is sent to its reject topic without its body.
    """

    common: Settings
    rows_topic: str
    quiet_ms: int
    max_wait_ms: int
    most_envelope_bytes: int


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> FlinkSettings:
    """Read the settings of the job: `NAME=VALUE` arguments over environment variables. Raises SettingsError."""
    values = {**environment, **_pairs(arguments)}
    read = Reader(values)
    return FlinkSettings(
        common=from_environment(values),
        rows_topic=read.text("QUALITY_ROWS_TOPIC", DEFAULT_ROWS_TOPIC),
        quiet_ms=read.number("LIFECYCLE_QUIET_MS", DEFAULT_QUIET_MS),
        max_wait_ms=read.number("LIFECYCLE_MAX_WAIT_MS", DEFAULT_MAX_WAIT_MS),
        most_envelope_bytes=read.number("QUALITY_REJECT_MAX_BYTES", DEFAULT_MOST_ENVELOPE_BYTES),
    )


def _pairs(arguments: Sequence[str]) -> dict[str, str]:
    wrong = [argument for argument in arguments if "=" not in argument]
    if wrong:
        raise SettingsError(f"The argument {wrong[0][:40]!r} is not understood.", hint="Give settings as NAME=VALUE.")
    return dict(argument.split("=", 1) for argument in arguments)
