"""One Kafka record, and the event that the quality gate reads from it."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from pipelines.livepeer.fields import loose_text

REPLAY_FIELDS = ("__replay", "__replay_ts", "__replay_source", "__replay_failure_class", "__replay_count")
DEFAULT_VERSION = "1"


class Record(NamedTuple):
    """A Kafka record: its coordinates, its CreateTime in epoch milliseconds (-1 when it has none), its exact value."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    value: bytes | None


class Dimensions(NamedTuple):
    """Where an event happened, as far as its payload says. Blank text is None."""

    orchestrator: str | None
    broadcaster: str | None
    region: str | None


class Event:
    """What is known of a record. The gate fills it step by step, so that most fields of a broken record stay empty.

    `text` is the received text (None when the value is not UTF-8 JSON); `timestamp_ms` is the envelope's time;
    `when` is that time in the warehouse's form; `lineage` are the last columns of every typed row.
    """

    __slots__ = (
        "data",
        "dedup_key",
        "dedup_strategy",
        "event_id",
        "event_type",
        "record",
        "replay",
        "root",
        "text",
        "timestamp_ms",
        "uid",
        "when",
    )

    def __init__(self, record: Record) -> None:
        self.record = record
        self.text: str | None = None
        self.root: Any = None
        self.data: Any = None
        self.event_id = ""
        self.event_type = ""
        self.timestamp_ms: int | None = None
        self.when: str | None = None
        self.replay = False
        self.dedup_key = ""
        self.dedup_strategy = ""
        self.uid = ""

    def lineage(self, raw_json: str) -> tuple[str, str, str, int, int]:
        """Return the last columns of a typed row: its source text, the lineage id, and topic, partition and offset."""
        record = self.record
        return (raw_json, self.uid, record.topic, record.partition, record.offset)


def event_version(root: object) -> str:
    """Return the schema version of the envelope, else of the payload, else `1`. Whole numbers are read as text."""
    for holder in (root, root.get("data") if isinstance(root, dict) else None):
        if not isinstance(holder, dict) or "version" not in holder:
            continue
        version = holder["version"]
        if isinstance(version, dict | list):
            return f"({'object' if isinstance(version, dict) else 'array'})"
        whole = isinstance(version, float) and version.is_integer()
        text = str(int(version)) if whole else loose_text(version).strip()
        if text:
            return text
    return DEFAULT_VERSION


def dimensions_of(data: object) -> Dimensions:
    """Return the dimensions of a payload, whatever its shape."""
    if not isinstance(data, dict):
        return Dimensions(None, None, None)
    info = data.get("orchestrator_info")
    address = loose_text(info.get("address")) if isinstance(info, dict) else ""
    return Dimensions(
        address or loose_text(data.get("orchestrator")) or None,
        loose_text(data.get("broadcaster")) or None,
        loose_text(data.get("region")) or None,
    )


def canonical_json(root: object) -> str:
    """Return the document with sorted keys and without the replay markers."""
    if isinstance(root, dict) and any(field in root for field in REPLAY_FIELDS):
        root = {key: value for key, value in root.items() if key not in REPLAY_FIELDS}
    return orjson.dumps(root, option=orjson.OPT_SORT_KEYS).decode()
