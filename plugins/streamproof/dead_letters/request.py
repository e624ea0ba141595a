"""What a replay of dead letters is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from streamproof.model.errors import UsageError
from streamproof.model.window import from_epoch_ms, iso_ms

MAX_REPLAYS = 2
BATCH = 1_000


class Edit(NamedTuple):
    """A correction of every body that is sent again.

    With `source`, the value of that field moves to `path`, where a body has it. Otherwise `path` gets `value`, a JSON
    text.
    """

    path: str
    value: str = ""
    source: str = ""

    def __str__(self) -> str:
        return f"{self.source} -> {self.path}" if self.source else f"{self.path} = {self.value}"


def edits_of(moves: Sequence[str] | None, sets: Sequence[str] | None) -> tuple[Edit, ...]:
    """Return the corrections that `OLD=NEW` and `PATH=VALUE` texts ask for, the moves first. Raises UsageError."""
    return (*map(move_edit, moves or ()), *map(set_edit, sets or ()))


def set_edit(text: str) -> Edit:
    """Read `PATH=VALUE`; a value that is not JSON is text. Raises UsageError."""
    path, value = _pair(text, "--set", "PATH=VALUE")
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        value = orjson.dumps(value).decode()
    return Edit(path, value)


def move_edit(text: str) -> Edit:
    """Read `OLD=NEW`: the value at path OLD moves to path NEW. Raises UsageError."""
    source, path = _pair(text, "--move", "OLD=NEW")
    if not _is_path(path):
        raise UsageError(f"--move '{text}' names no field to move to.", hint="For example data.streamId=data.stream_id")
    return Edit(path, source=source)


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not equals or not _is_path(path.strip()):
        raise UsageError(f"{option} '{text}' is not {form}.", hint="A path is field names joined by dots.")
    return path.strip(), value.strip()


def _is_path(text: str) -> bool:
    return bool(text) and all(text.split("."))


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What is sent again, and how.

    The window is half-open, in Unix milliseconds; None is without that end. Empty `failure_classes` and `reasons` mean
    all. Letters of events that were sent again `max_replays` times before are skipped. `rate` limits the records per
    second. With `allow_partial`, a window is replayed although the topic has dropped records that may belong to it.
    """

    start_ms: int | None = None
    end_ms: int | None = None
    failure_classes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    max_replays: int = MAX_REPLAYS
    batch: int = BATCH
    rate: float | None = None
    allow_partial: bool = False

    def __post_init__(self) -> None:
        if self.start_ms is not None and self.end_ms is not None and self.start_ms >= self.end_ms:
            raise UsageError(
                f"The window is empty: from {_shown(self.start_ms)} is not before to {_shown(self.end_ms)}.",
                hint="Its start is included, its end is not.",
            )
        for name, least in (("max_replays", 1), ("batch", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} is {getattr(self, name)}.", hint=f"It is {least} or more.")
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise UsageError(f"A rate of {self.rate:g} records per second sends nothing.", hint="Give a rate above 0.")

    def selects(self, milliseconds: int | None) -> bool:
        """Return whether a time is in the window. Without a window, letters without a time are, too."""
        if milliseconds is None:
            return self.start_ms is None and self.end_ms is None
        after = self.start_ms is None or milliseconds >= self.start_ms
        return after and (self.end_ms is None or milliseconds < self.end_ms)

    def what(self) -> dict[str, Any]:
        """Return what decides on the content of a replay, as plain JSON data."""
        return {
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "failure_classes": sorted(self.failure_classes),
            "reasons": sorted(self.reasons),
            "edits": [list(edit) for edit in self.edits],
            "max_replays": self.max_replays,
        }


def _shown(milliseconds: int) -> str:
    try:
        return iso_ms(from_epoch_ms(milliseconds))
    except OverflowError:
        return str(milliseconds)
