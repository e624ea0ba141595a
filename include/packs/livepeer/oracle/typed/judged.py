"""The oracle's view of one record: its Kafka coordinates, its content, and its failure."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from packs.livepeer.oracle.canonical import written
from packs.livepeer.oracle.values import section, text

Row = dict[str, Any]

_REPLAY_MARKS = frozenset({"__replay", "__replay_ts", "__replay_source", "__replay_failure_class", "__replay_count"})


class Source(NamedTuple):
    """The Kafka coordinates of a record."""

    topic: str
    partition: int
    offset: int


NOWHERE = Source("", 0, 0)


class Failure(NamedTuple):
    """The reason why a record is not accepted, by the closed lists of pipeline.md §6, and details as free text.

    An ignored record has only a reason.
    """

    stage: str
    failure_class: str
    reason: str
    details: str = ""


class Judged(NamedTuple):
    """One Kafka value as the quality gate reads it.

    `raw` is its text, "" when it is not JSON; `root` is its JSON value. The other fields are those of the envelope;
    absent ones are blank or None. `time` is in Unix epoch ms. `failure` is None for a value that passes the gate.
    `problem` says why the value cannot be read.
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
        """The lineage id in all rows of the event: its id, else the SHA-256 of its text."""
        return self.event_id or sha256(self.raw)


class Dimensions(NamedTuple):
    """The dimensions that a payload names; blank ones are None."""

    orchestrator: str | None = None
    broadcaster: str | None = None
    region: str | None = None


def dimensions_of(data: Any) -> Dimensions:
    """Return the dimensions of a payload of any JSON type."""
    if not isinstance(data, dict):
        return Dimensions()
    address = text(section(data, "orchestrator_info").get("address"))
    return Dimensions(
        address or text(data.get("orchestrator")) or None,
        text(data.get("broadcaster")) or None,
        text(data.get("region")) or None,
    )


def dedup_key(judged: Judged) -> tuple[str, str]:
    """Return (key, strategy). Two accepted events with one key are the same event.

    The key is the id, else a hash of the content. An id of more than 256 characters is replaced by its SHA-256.
    """
    if judged.event_id:
        return (judged.event_id if len(judged.event_id) <= 256 else sha256(judged.event_id)), "event_id"
    dimensions = "|".join("null" if value is None else value for value in dimensions_of(judged.data))
    return sha256(f"{judged.family}|{dimensions}|{canonical_json(judged)}"), "payload_hash"


def canonical_json(judged: Judged) -> str:
    """Return the document as JSON with sorted keys, without replay marks."""
    root = judged.root
    if isinstance(root, dict):
        root = {name: value for name, value in root.items() if name not in _REPLAY_MARKS}
    return written(root, sort_keys=True)


def sha256(content: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(content.encode("utf-8")).hexdigest()
