"""A batch of records of one partition and the rows that are written for it. A batch is the unit of retry."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from pipelines.livepeer.core import Processor
from pipelines.livepeer.event import Record
from pipelines.livepeer.lifecycle.tables import SILVER_TABLES

_LOG = logging.getLogger(__name__)


class Span(NamedTuple):
    """The offsets first..last (both included) of a partition, and the processing time (epoch ms) they are judged at."""

    topic: str
    partition: int
    first: int
    last: int
    now_ms: int

    def journal(self) -> str:
        """Return the note that is kept with the committed offset while the span is being written."""
        return orjson.dumps({"in_flight": [self.first, self.last], "at": self.now_ms}).decode()

    @classmethod
    def from_journal(cls, topic: str, partition: int, note: str | None) -> Span | None:
        """Read a note back. Return None when no span was being written or another program wrote the note."""
        if not note:
            return None
        try:
            found = orjson.loads(note)
            first, last = found["in_flight"]
            return cls(topic, partition, int(first), int(last), int(found["at"]))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            _LOG.info("%s-%d: the note with the committed offset is no span in flight (%r)", topic, partition, error)
            return None


class Batch(NamedTuple):
    """The records of a span, in offset order."""

    span: Span
    records: list[Record]


class Request(NamedTuple):
    """One insert request: rows as lines of JSON, and the token by which ClickHouse ignores a repeated request."""

    table: str
    body: bytes
    token: str


class Work:
    """The outcome of a batch: rows by table, disposition rows, reject envelopes, and counts by disposition.

    The rows are those that the dispositions name, and the stateful rows of all sessions that the batch touched.
    """

    __slots__ = ("counts", "dispositions", "oversize", "rejects", "rows", "span")

    def __init__(self, span: Span) -> None:
        self.span = span
        self.rows: dict[str, list[bytes]] = {}
        self.dispositions: list[bytes] = []
        self.rejects: list[tuple[str, bytes]] = []
        self.counts: dict[str, int] = {}
        self.oversize = 0


def process_batch(processor: Processor, batch: Batch) -> Work:
    """Run the processor over a batch, in offset order and at the span's processing time, and flush its sessions.

    The outcome is deterministic: it depends on this batch and the batches before it.
    """
    span = batch.span
    work, now_ms, process = Work(span), span.now_ms, processor.process
    rows, counts = work.rows, work.counts
    processor.dedup.expire(now_ms)
    processor.lifecycle.expire(now_ms)
    for record in batch.records:
        outcome = process(record, now_ms)
        for table, line in outcome.rows:
            if table in rows:
                rows[table].append(line)
            else:
                rows[table] = [line]
        if outcome.rejects:
            work.rejects += outcome.rejects
            work.oversize += outcome.oversize
        work.dispositions.append(outcome.disposition_row)
        counts[outcome.disposition] = counts.get(outcome.disposition, 0) + 1
    for table, found in processor.lifecycle.flush(now_ms).items():
        rows[table] = [orjson.dumps(row) for row in found]
    return work


def requests(span: Span, table: str, lines: list[bytes], max_rows: int, max_bytes: int) -> Iterator[Request]:
    """Cut rows into insert requests; a row longer than `max_bytes` goes alone.

    The token names table, partition, offset range, chunk and checksum. The same rows of the same span are inserted
    once, however often they are sent. Other limits, or a build that maps rows differently, change the checksum, so
    that no row is dropped under a token used before. The checksum of silver rows covers only the offsets of their
    records: their content also depends on the capabilities seen before. When those are lost in a restart, the rows of
    a span must still not be written twice.
    """
    for number, chunk in enumerate(_chunks(lines, max_rows, max_bytes)):
        body = b"\n".join(chunk)
        checksum = zlib.crc32(b"\n".join(map(_owner, chunk)) if table in SILVER_TABLES else body)
        where = f"{table}|{span.topic}|{span.partition}|{span.first}-{span.last}"
        yield Request(table, body, f"{where}|{number}|{len(chunk)}|{checksum:08x}")


def _owner(line: bytes) -> bytes:
    """Return the end of a silver row, after its last text: the partition and the offset of its record."""
    return line[line.rfind(b'"') :]


def _chunks(lines: list[bytes], max_rows: int, max_bytes: int) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        if chunk and (len(chunk) >= max_rows or size + len(line) > max_bytes):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line)
    if chunk:
        yield chunk
