"""Fixture sets: captured or generated events, the sessions they belong to, and what must become of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from streamproof.model.window import Window

DISPOSITIONS = ("accepted", "ignored", "dlq", "quarantine")
REJECTING = ("dlq", "quarantine", "ignored")

# Records that are not to be accepted: disposition -> event family -> count. The family '' is a record without one.
ExpectedCounts = Mapping[str, Mapping[str, int]]


class ReplayRules(BaseModel):
    """What a pack says about publishing its fixtures.

    `event_table` is the `__table` of lines that are events; events of `first_types` go before others of the same time;
    `key_field` is the field of `data` whose text becomes the Kafka key ('' for no key). `time_fields` are fields of
    `data` that hold times in Unix milliseconds, near the event's own. `scenarios` are those that the pack can tell; any
    when it names none. `id_field` is the field of a manifest that holds an entity's id; where a manifest does not state
    it, the id is its fields `id_parts`, joined by `|`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_table: str = "events"
    first_types: tuple[str, ...] = ()
    key_field: str = ""
    time_fields: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    id_field: str = "id"
    id_parts: tuple[str, ...] = ()

    def id_of(self, fields: Mapping[str, Any]) -> str:
        """Return the id of an entity by the fields of a manifest, '' when they do not say."""
        parts = "|".join(str(fields.get(name) or "") for name in self.id_parts)
        return str(fields.get(self.id_field) or parts.strip("|"))


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must become of a record: one of DISPOSITIONS, with failure class and reason where they are stated."""

    disposition: str
    failure_class: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FixtureSession:
    """One session of a manifest and its file.

    `file` is relative to the manifest's folder. `sha256` is hex, `events` counts the file's event lines; both are None
    where the manifest does not say. `table_counts` is the exporter's count of lines by `table` and by `table:type`.
    """

    scenario: str
    id: str
    file: str
    sha256: str | None = None
    events: int | None = None
    table_counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return what tells the session from others: its id, without one its file."""
        return self.id or self.file


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as read. `folder` and `path` are absolute; `sha256` is hex over the manifest file itself.

    `window` is None where the manifest has none. `events` counts the records that a replay of the whole set publishes.
    """

    path: str
    folder: str
    sha256: str
    sessions: tuple[FixtureSession, ...]
    window: Window | None = None
    events: int | None = None
    expected: ExpectedCounts | None = None
    notices: tuple[str, ...] = ()


NULL_VALUE = -1


class FixtureEvent(NamedTuple):
    """One Kafka record to publish, and what is known of it (a tuple: a set may hold a million of them).

    `place` and `size` say where its exact value is kept; the size of a null value is NULL_VALUE. `key` is the Kafka
    key. `event_ms` is the envelope's own time in Unix milliseconds, None where the value has none that parses;
    `publish_ms` is the time that orders it and that the Kafka record carries. `event_id` and `event_type` are '' where
    the value has none.
    """

    session: FixtureSession
    line: int
    event_id: str
    event_type: str
    event_ms: int | None
    publish_ms: int
    key: bytes | None
    place: int
    size: int
    expect: Expectation | None = None

    @property
    def value_kind(self) -> str:
        """Return `null`, `empty` or `bytes`."""
        if self.size == NULL_VALUE:
            return "null"
        return "bytes" if self.size else "empty"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A fixture line that holds no event; `line` counts from 1."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


@dataclass(frozen=True, slots=True)
class FixtureReport:
    """What verifying a fixture set found. `problems` is empty for a set that can be replayed.

    `events` counts the records that a replay publishes, `value_bytes` their values. `window` is the manifest's, or
    derived from the events (then a notice says so). `expected` counts rejected, quarantined and ignored records.
    """

    manifest: str
    manifest_sha256: str
    window: Window
    sessions: int
    events: int
    value_bytes: int
    by_type: Mapping[str, int]
    by_scenario: Mapping[str, int]
    expected: ExpectedCounts
    shared_events_published_once: int
    passed_over: Mapping[str, int]
    bad_lines: tuple[BadLine, ...] = ()
    problems: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "manifest": self.manifest,
            "manifest_sha256": self.manifest_sha256,
            "window": self.window.as_json(),
            "sessions": self.sessions,
            "events": self.events,
            "value_bytes": self.value_bytes,
            "by_type": dict(self.by_type),
            "by_scenario": dict(self.by_scenario),
            "expected": {disposition: dict(counts) for disposition, counts in self.expected.items()},
            "shared_events_published_once": self.shared_events_published_once,
            "passed_over": dict(self.passed_over),
            "bad_lines": [str(line) for line in self.bad_lines],
            "problems": list(self.problems),
            "notices": list(self.notices),
        }
