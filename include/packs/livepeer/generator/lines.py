"""Fixture lines: ordinary events and exact Kafka values. A line may state the expected outcome of its record."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

TABLE = "streaming_events"
FIRST_FAMILY = "network_capabilities"


class Session(Protocol):
    """The part of a session builder that a line needs."""

    scenario: str

    @property
    def session_id(self) -> str:
        """Return the workflow session id."""


@dataclass(frozen=True, slots=True)
class Expect:
    """The expected outcome of a record: disposition, failure class, reason."""

    disposition: str
    failure_class: str = ""
    reason: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the content of `__expect`, without blank fields."""
        stated = {"disposition": self.disposition, "class": self.failure_class, "reason": self.reason}
        return {key: value for key, value in stated.items() if value}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `order_ms` is its sort key; `family` is the type under which its record is counted.

    `signal_ms` are the times of the event that count for the start and end of its session.
    """

    order_ms: int
    family: str
    event_id: str
    row: Mapping[str, Any]
    expect: Expect | None = None
    signal_ms: tuple[int, ...] = ()

    def text(self) -> str:
        """Return the line as written to the file, without the line feed."""
        return compact(self.row)

    def of(self, scenario: str, session_id: str) -> Line:
        """Return the same event as a line of another session's file, without an effect on start and end there."""
        row = {**self.row, "__scenario": scenario, "__workflow_session_id": session_id}
        return replace(self, row=row, signal_ms=())


def compact(data: object) -> str:
    """Return JSON without blanks and without ASCII escaping."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of an ordinary line: `data` as JSON text or as an object, the time as a number or as digits.

    `more` are envelope keys beyond the usual five.
    """

    as_object: bool = False
    digits: bool = False
    more: Mapping[str, Any] | None = None
    expect: Expect | None = None


def event_line(
    builder: Session, event_id: str, family: str, at_ms: int, data: Any, *, gateway: str, shape: Shape
) -> Line:
    """Return an ordinary line."""
    row = {
        **_head(builder),
        "id": event_id,
        "type": family,
        "timestamp": str(at_ms) if shape.digits else at_ms,
        "gateway": gateway,
        "data": data if shape.as_object else compact(data),
        **(shape.more or {}),
    }
    if shape.expect:
        row["__expect"] = shape.expect.as_json()
    return Line(at_ms, family, event_id, row, shape.expect)


def raw_line(
    builder: Session,
    at_ms: int,
    value: str | bytes | None,
    expect: Expect,
    *,
    family: str = "",
    publish_ms: int | None = None,
    signal_ms: tuple[int, ...] = (),
) -> Line:
    """Return a line with an exact Kafka value. `publish_ms` is its time in the order of publishing, if it differs."""
    content: dict[str, str] | None = None
    if isinstance(value, str):
        content = {"text": value}
    elif value is not None:
        content = {"base64": base64.b64encode(value).decode()}
    row: dict[str, Any] = {**_head(builder), "__raw": content, "__expect": expect.as_json()}
    if publish_ms is not None:
        row["__timestamp"] = publish_ms
    return Line(at_ms if publish_ms is None else publish_ms, family, "", row, expect, signal_ms)


def _head(builder: Session) -> dict[str, Any]:
    return {"__table": TABLE, "__scenario": builder.scenario, "__workflow_session_id": builder.session_id}
