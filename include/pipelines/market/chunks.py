"""Chunks: the parts of a job that are fetched, loaded and recorded one by one."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pipelines.market.jobs import Job, Request

# A half-open range of time, UTC.
Span = tuple[dt.datetime, dt.datetime]
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One schema of a request over [start, end), UTC. The service cuts by the time of receipt, bars by their own.

    `requested` is the range of the whole request.
    """

    dataset: str
    schema: str
    stype_in: str
    symbols: tuple[str, ...]
    start: dt.datetime
    end: dt.datetime
    requested: Span

    @property
    def identifier(self) -> str:
        """Return the name of the chunk. The same request has the same name in every job."""
        span = f"{self.start:%Y%m%dT%H}-{self.end:%Y%m%dT%H}"
        names = ",".join(sorted(self.symbols))
        if len(names) > 80:
            names = f"{len(self.symbols)}-symbols-{hashlib.sha256(names.encode()).hexdigest()[:16]}"
        return f"{self.dataset}/{self.schema}/{self.stype_in}:{names}/{span}"

    @property
    def window_ns(self) -> tuple[int, int]:
        """Return [start, end) in nanoseconds since 1970 UTC."""
        return _nanoseconds(self.start), _nanoseconds(self.end)


def chunks_of(job: Job) -> Iterator[Chunk]:
    """Yield the chunks of a job. All definitions come first: the price rules of the other schemas use them."""
    for is_definition in (True, False):
        for request in job.requests:
            for schema in request.schemas:
                if (schema == "definition") is is_definition:
                    yield from _of_schema(request, schema)


def spans_of(chunks: Iterable[Chunk]) -> list[Chunk]:
    """Return chunks that follow each other as one: a service is asked once what they cost."""
    found: list[Chunk] = []
    for chunk in chunks:
        if found and replace(found[-1], start=chunk.start, end=chunk.end) == chunk and found[-1].end == chunk.start:
            found[-1] = replace(found[-1], end=chunk.end)
        else:
            found.append(chunk)
    return found


def divided(chunks: Iterable[Chunk], ranges: Mapping[str, Span]) -> tuple[list[Chunk], list[Chunk]]:
    """Divide chunks into those that the service has data of and the others. `ranges` are those of the data sets.

    Where chunks of a request are left out, `requested` of its others is the range that these fill.
    """
    groups: dict[Chunk, list[Chunk]] = {}
    for chunk in chunks:
        first, end = chunk.requested
        groups.setdefault(replace(chunk, start=first, end=end), []).append(chunk)
    there: list[Chunk] = []
    absent: list[Chunk] = []
    for group in groups.values():
        kept = [chunk for chunk in group if _overlap((chunk.start, chunk.end), ranges[chunk.dataset])]
        if len(kept) < len(group):
            absent += [chunk for chunk in group if chunk not in kept]
            kept = [replace(chunk, requested=(kept[0].start, kept[-1].end)) for chunk in kept]
        there += kept
    return there, absent


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _of_schema(request: Request, schema: str) -> Iterator[Chunk]:
    start, end = request.between()
    # A bar of a day belongs to a whole day.
    step = dt.timedelta(hours=24 if schema in ("ohlcv-1d", "definition") else request.chunk_hours)
    while start < end:
        yield Chunk(request.dataset, schema, request.stype_in, request.symbols, start, start + step, request.between())
        start += step


def _nanoseconds(time: dt.datetime) -> int:
    difference = time - _EPOCH
    return (difference.days * 86_400 + difference.seconds) * 10**9 + difference.microseconds * 1000
