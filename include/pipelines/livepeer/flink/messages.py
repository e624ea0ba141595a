"""The messages between the operators and to the warehouse. All are JSON texts.

A row message holds the rows of one record, by table, so that the warehouse can tell by the record's Kafka position
whether it has them already. Rows of sessions belong to no single record: they are in the message of the record that
changed them last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from pipelines.livepeer.event import Record
from pipelines.livepeer.lifecycle.candidates import Snapshot


class Watermark(NamedTuple):
    """Everything published until `published_ms` has arrived. It has this value since `since_ms`, processing time.

    Both are epoch milliseconds.
    """

    published_ms: int
    since_ms: int

    def at(self, published_ms: int, now_ms: int) -> Watermark:
        """Return the present watermark; it keeps its time when it has not moved."""
        return self if published_ms == self.published_ms else Watermark(published_ms, now_ms)


class HeldSignal(NamedTuple):
    """A typed row that waits for the capabilities published before it.

    `published_ms`: the record's CreateTime. `arrived_ms`: the processing time of its arrival. `gateway` is the
    envelope's. `disposition` is the record's row in
    `record_dispositions`, which is written with the silver row.
    """

    published_ms: int
    arrived_ms: int
    table: str
    row: tuple[Any, ...]
    gateway: str
    topic: str
    partition: int
    offset: int
    disposition: bytes

    def is_due(self, watermark: Watermark, now_ms: int, max_wait_ms: int) -> bool:
        """Return whether everything published before it has arrived, or it has waited in vain for long enough.

        While the watermark moves, a signal is not late: the records before it are on their way.
        """
        waited_ms = now_ms - max(self.arrived_ms, watermark.since_ms)
        return self.published_ms <= watermark.published_ms or waited_ms >= max_wait_ms

    def encode(self) -> str:
        """Return the signal as a text for the stream and the state."""
        fields = (*self[:-1], self.disposition.decode())
        return orjson.dumps(fields).decode()

    @classmethod
    def decode(cls, text: str) -> HeldSignal:
        """Read a signal back."""
        published_ms, arrived_ms, table, row, gateway, topic, partition, offset, disposition = orjson.loads(text)
        written = disposition.encode()
        return cls(published_ms, arrived_ms, table, tuple(row), gateway, topic, partition, offset, written)


def encode_snapshot(snapshot: Snapshot, published_ms: int) -> str:
    """Return a capability snapshot and the CreateTime of its record, as a text."""
    return orjson.dumps((*snapshot, published_ms)).decode()


def decode_snapshot(text: str) -> tuple[Snapshot, int]:
    """Read a capability snapshot and the CreateTime of its record back."""
    *parts, published_ms = orjson.loads(text)
    return Snapshot(*parts), published_ms


def row_message(topic: str, partition: int, offset: int, rows: Mapping[str, Iterable[bytes]]) -> str:
    """Return a message with the rows of one record: rendered JSON arrays by table."""
    tables = {table: [orjson.Fragment(line) for line in lines] for table, lines in rows.items()}
    message = {"source_topic": topic, "source_partition": partition, "source_offset": offset, "tables": tables}
    return orjson.dumps(message).decode()


def by_table(rows: Iterable[tuple[str, bytes]]) -> dict[str, list[bytes]]:
    """Return rendered rows by their table, in order."""
    found: dict[str, list[bytes]] = {}
    for table, line in rows:
        found.setdefault(table, []).append(line)
    return found


def record_of(signal: HeldSignal, raw_json: str) -> Record:
    """Return the Kafka record that a signal was read from."""
    return Record(signal.topic, signal.partition, signal.offset, signal.published_ms, raw_json.encode())
