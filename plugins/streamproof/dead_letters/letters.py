"""Read dead letters: what a record of the dead-letter topic says of the record that was rejected."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from sys import intern
from typing import Any

import orjson

from streamproof.dead_letters.bodies import without_fields
from streamproof.fixtures.envelope import epoch_ms
from streamproof.packs.dead_letters import DeadLetterRules
from streamproof.transport.base import ReadRecord


class Skip(StrEnum):
    """Why a record of the dead-letter topic is not sent again. Every record that was read has one of these, or none."""

    UNPARSABLE = "unparsable"
    MISSING_BODY = "missing_body"
    ENCODING = "not_text"
    NOT_AN_OBJECT = "not_an_object"
    NO_TIME = "no_time"
    OUTSIDE = "outside_window"
    FILTERED = "filtered"
    REPEATED = "repeated"
    SUPERSEDED = "superseded"
    LIMIT = "replay_limit"


EXPLAINED = {
    Skip.UNPARSABLE: "the record is no JSON object, so it is no dead letter",
    Skip.MISSING_BODY: "the dead letter holds no body: the value was null or empty, or was left out for its size",
    Skip.ENCODING: "the body is not text but encoded bytes (base64): a value that could not be decoded",
    Skip.NOT_AN_OBJECT: "the body is no JSON object, so it cannot be marked as a replay",
    Skip.NO_TIME: "neither event nor record has a time, so it is in no window",
    Skip.OUTSIDE: "the event is outside the window",
    Skip.FILTERED: "its class or its reason was not asked for",
    Skip.REPEATED: "another dead letter of the same record is sent again",
    Skip.SUPERSEDED: "the event was sent again and failed again: its later dead letter counts",
    Skip.LIMIT: "the event was sent again as often as allowed",
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter. Times are Unix milliseconds.

    `time` is that of the event, else of the rejected record, else None. `origin` is the position of the rejected
    record: topic, partition, offset. `replays` counts how often the event was sent again before. `event` identifies
    the event whatever its markers are; `content` is a hash of its body without markers.
    """

    partition: int
    offset: int
    time: int | None
    record_time: int | None
    origin: tuple[str, int, int]
    failure_class: str
    reason: str
    event_id: str
    body: str
    replays: int
    event: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Unusable:
    """A record of the dead-letter topic that cannot be sent again, with what is known of it."""

    skip: Skip
    time: int | None = None
    failure_class: str = ""
    reason: str = ""
    event_id: str = ""


def read_letter(record: ReadRecord, rules: DeadLetterRules) -> DeadLetter | Unusable:
    """Return the dead letter in a record, or why it cannot be sent again."""
    envelope = _object(record.value)
    if envelope is None:
        return Unusable(Skip.UNPARSABLE)
    times = (epoch_ms(_at(envelope, path)) for path in rules.times)
    time = next((found for found in times if found is not None), None)
    # Many letters share few classes and reasons: one text each is kept in memory.
    failure_class, reason = (intern(_text(_at(envelope, path))) for path in (rules.failure_class, rules.reason))
    event_id = _text(_at(envelope, rules.event_id))
    body, encoding = _at(envelope, rules.body), _at(envelope, rules.encoding)
    skip, root = _body_problem(body, encoding, rules.text_encoding)
    if skip is not None:
        return Unusable(skip, time, failure_class, reason, event_id)
    content = hashlib.blake2b(without_fields(body, rules.markers.names).encode(), digest_size=16).digest()
    origin = rules.record
    return DeadLetter(
        partition=record.partition,
        offset=record.offset,
        time=time,
        record_time=epoch_ms(_at(envelope, rules.record_time)),
        origin=(
            _text(_at(envelope, origin.topic)),
            _number(_at(envelope, origin.partition)),
            _number(_at(envelope, origin.offset)),
        ),
        failure_class=failure_class,
        reason=reason,
        event_id=event_id,
        body=body,
        replays=_replays(root, rules),
        event=event_id or content.hex(),
        content=content,
    )


def _body_problem(body: object, encoding: object, text_encoding: str) -> tuple[Skip | None, dict[str, Any]]:
    """Return why a body cannot be sent again, else None and its content."""
    if body is not None and encoding != text_encoding:
        return Skip.ENCODING, {}
    if not isinstance(body, str) or not body.strip():
        return Skip.MISSING_BODY, {}
    root = _object(body.encode("utf-8", "surrogatepass"))
    return (Skip.NOT_AN_OBJECT, {}) if root is None else (None, root)


def _replays(root: dict[str, Any], rules: DeadLetterRules) -> int:
    """Return how often the event was sent again before: what its body counts, or once if it is only marked."""
    count = root.get(rules.markers.count)
    if isinstance(count, int) and not isinstance(count, bool) and count > 0:
        return count
    return 1 if root.get(rules.markers.flag) else 0


def _object(value: bytes | None) -> dict[str, Any] | None:
    try:
        found = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _at(document: dict[str, Any], path: str) -> Any:
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
