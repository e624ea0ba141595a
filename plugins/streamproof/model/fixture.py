"""The model of fixture sets: captured or generated events, their sessions, and their expected dispositions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from streamproof.model.correlation import TimeUnit
from streamproof.model.window import Window

DISPOSITIONS = ("accepted", "ignored", "dlq", "quarantine")
REJECTING = ("dlq", "quarantine", "ignored")

# Records that must not be accepted: disposition -> event family -> count. Records without a family are under ''.
ExpectedCounts = Mapping[str, Mapping[str, int]]


class ValueRules(BaseModel):
    """How a published value is read when the events of a pack have no envelope: the value itself is the event.

    `type` is the path of the event's type, () for none. `families` maps a type, as text, to the family. `untyped` is
    the family of events without a type, `others` that of events of any other type; '' if there is none. `times` are
    paths of event times; the first that holds a time is the event's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: tuple[str, ...] = ()
    families: dict[str, str] = {}
    untyped: str = ""
    others: str = ""
    times: tuple[tuple[str, ...], ...] = ()


class ReplayRules(BaseModel):
    """A pack's rules for publishing its fixtures.

    Lines whose `__table` is `event_table` are events. Events of `first_types` come before others of the same time.
    `key_field` is the field of `data` that becomes the Kafka key ('' for no key). `time_fields` are fields of `data`
    with times that should be near the event's own; a replay that is moved in time moves them, too. They are paths of
    nested objects joined by dots, and hold Unix milliseconds unless `time_units` names another unit. `scenarios` are
    the known scenarios; if empty, any name is accepted. `id_field` is the manifest's field with an entity's id. If a
    manifest does not have it, the id consists of its fields `id_parts`, joined by `|`. `values` says how values without
    an envelope are read; equal values are then separate events, and none of them is expected to be rejected as a
    repeat. The paths of `time_fields` then begin at the value itself. `pack` is the pack's
    name: a manifest that names another pack is refused.

    For a set that is served as it is, `reader` reads the records in a file (None for a set of JSON lines), and
    `checker` says what is wrong with files together. `files` are patterns of the names of such files, empty for any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_table: str = "events"
    first_types: tuple[str, ...] = ()
    key_field: str = ""
    time_fields: tuple[str, ...] = ()
    time_units: dict[str, TimeUnit] = {}
    scenarios: tuple[str, ...] = ()
    id_field: str = "id"
    id_parts: tuple[str, ...] = ()
    values: ValueRules | None = None
    pack: str = ""
    files: tuple[str, ...] = ()
    reader: SkipJsonSchema[Callable[[Path], Iterable[Any]] | None] = Field(default=None, exclude=True, repr=False)
    checker: SkipJsonSchema[Callable[[Mapping[str, Path]], Iterable[str]] | None] = Field(
        default=None, exclude=True, repr=False
    )

    @model_validator(mode="after")
    def _units_of_time_fields(self) -> ReplayRules:
        unknown = sorted(set(self.time_units) - set(self.time_fields))
        if unknown:
            raise ValueError(f"`time_units` names {', '.join(unknown)}, which `time_fields` does not")
        return self

    @property
    def know_repeats(self) -> bool:
        """Return whether events have an envelope with an id, by which a pipeline knows a repeat of an event."""
        return self.values is None and self.reader is None

    def id_of(self, fields: Mapping[str, Any]) -> str:
        """Return the id of an entity from the fields of a manifest, '' if they do not give one."""
        parts = "|".join(str(fields.get(name) or "") for name in self.id_parts)
        return str(fields.get(self.id_field) or parts.strip("|"))


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected disposition of a record (one of DISPOSITIONS), with failure class and reason if stated."""

    disposition: str
    failure_class: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FixtureSession:
    """One session of a manifest and its file.

    `file` is relative to the manifest's folder. `sha256` is hex, and `events` counts the file's event lines; both are
    None if the manifest does not state them. `table_counts` holds the exporter's number of lines by `table` and by
    `table:type`.
    """

    scenario: str
    id: str
    file: str
    sha256: str | None = None
    events: int | None = None
    table_counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the session's unique name: its id, or its file if it has none."""
        return self.id or self.file


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a manifest. `folder` and `path` are absolute; `sha256` is the hex hash of the manifest file.

    `window` is None if the manifest has none. `events` counts the records that a replay of the whole set publishes.
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
# The headers that a replay adds to every record.
REPLAY_HEADERS = ("sp-run-id", "sp-sequence")
# The name and the value of a Kafka header.
Header = tuple[str, bytes | None]


class FixtureEvent(NamedTuple):
    """One Kafka record to publish. It is a tuple to save memory: a set may have a million of them.

    `place` and `size` are the offset and the size of its exact value in the spool; the size of a null value is
    NULL_VALUE. `key` is the Kafka key. `event_ms` is the envelope's own time in Unix milliseconds, None if it has no
    valid one. `publish_ms` orders the records and is the time of the Kafka record, in Unix milliseconds. `event_id` and
    `event_type` are '' if the value has none. `headers` are the record's own Kafka headers, without the replay's.
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
    headers: tuple[Header, ...] = ()

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
    """The result of verifying a fixture set. `problems` is empty for a set that can be replayed.

    `events` counts the records that a replay publishes, and `value_bytes` is the size of their values in bytes.
    `window` is the manifest's, or is derived from the events (then a notice says so). `expected` counts the rejected,
    quarantined and ignored records.
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
