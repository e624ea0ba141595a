"""What the oracle knows of one record: where the broker put it, what it says, and what is wrong with it."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from packs.livepeer.oracle.canonical import written
from packs.livepeer.oracle.values import section, text

Row = dict[str, Any]

_REPLAY_MARKS = frozenset({"__replay", "__replay_ts", "__replay_source", "__replay_failure_class"})


class Source(NamedTuple):
    """Where a record lay in Kafka."""

    topic: str
    partition: int
    offset: int


NOWHERE = Source("", 0, 0)


class Failure(NamedTuple):
    """Why a record is not accepted: the closed lists of pipeline.md §6, and details for a reader.

    An ignored record has a reason alone.
    """

    stage: str
    failure_class: str
    reason: str
    details: str = ""


class Judged(NamedTuple):
    """One Kafka value as the quality gate reads it.

    `raw` is its text, "" when it is no JSON; `root` is what it holds. The other fields are those of the envelope, blank
    or None as far as it has none: `time` in Unix epoch ms, `failure` None for a value that passes the gate. `problem`
    says why the value cannot be read.
    """

    raw: str
    root: Any
    family: str = ""
    event_id: str = ""
    time: int | None = None
    failure: Failure | None = None
    problem: str = ""

    @property
    def data(self) -> Any:
        """The payload, None without one."""
        return self.root.get("data") if isinstance(self.root, dict) else None

    @property
    def uid(self) -> str:
        """How all rows of the event name it: by its id, else by the SHA-256 of its text."""
        return self.event_id or sha256(self.raw)


class Dimensions(NamedTuple):
    """Where an event happened, as far as its payload says; a blank one is None."""

    orchestrator: str | None = None
    broadcaster: str | None = None
    region: str | None = None


def dimensions_of(data: Any) -> Dimensions:
    """Return the dimensions of a payload of any kind."""
    if not isinstance(data, dict):
        return Dimensions()
    address = text(section(data, "orchestrator_info").get("address"))
    return Dimensions(
        address or text(data.get("orchestrator")) or None,
        text(data.get("broadcaster")) or None,
        text(data.get("region")) or None,
    )


def dedup_key(judged: Judged) -> tuple[str, str]:
    """Return (key, strategy) by which two accepted events are the same: the id, else the hash of all that they say.

    An id of more than 256 characters is represented by its SHA-256.
    """
    if judged.event_id:
        return (judged.event_id if len(judged.event_id) <= 256 else sha256(judged.event_id)), "event_id"
    places = "|".join("null" if value is None else value for value in dimensions_of(judged.data))
    return sha256(f"{judged.family}|{places}|{canonical_json(judged)}"), "payload_hash"


def canonical_json(judged: Judged) -> str:
    """Return the document with sorted keys, without the marks of a replay."""
    root = judged.root
    if isinstance(root, dict):
        root = {name: value for name, value in root.items() if name not in _REPLAY_MARKS}
    return written(root, sort_keys=True)


def sha256(content: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(content.encode("utf-8")).hexdigest()
