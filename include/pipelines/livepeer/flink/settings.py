"""The settings of the job on Flink: those of every runner, and a few of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.livepeer.config import Settings, from_environment
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
    and the signal waits no longer. A partition without records holds the watermark back: a signal
    waits no longer when the watermark has not moved for `max_wait_ms`. An envelope longer than
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
    return FlinkSettings(
        common=from_environment(values),
        rows_topic=values.get("QUALITY_ROWS_TOPIC", "").strip() or DEFAULT_ROWS_TOPIC,
        quiet_ms=_number(values, "LIFECYCLE_QUIET_MS", DEFAULT_QUIET_MS),
        max_wait_ms=_number(values, "LIFECYCLE_MAX_WAIT_MS", DEFAULT_MAX_WAIT_MS),
        most_envelope_bytes=_number(values, "QUALITY_REJECT_MAX_BYTES", DEFAULT_MOST_ENVELOPE_BYTES),
    )


def _pairs(arguments: Sequence[str]) -> dict[str, str]:
    wrong = [argument for argument in arguments if "=" not in argument]
    if wrong:
        raise SettingsError(f"The argument {wrong[0][:40]!r} is not understood.", hint="Give settings as NAME=VALUE.")
    return dict(argument.split("=", 1) for argument in arguments)


def _number(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text[:19]) <= 10**12):
        raise SettingsError(f"{name} is {text[:40]!r}.", hint=f"Give a whole number above 0; unset means {default}.")
    return int(text)
