"""Restores the dedup keys after a restart from the dispositions, so that no second store has to agree with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from pipelines.livepeer.sink import ClickHouseSink


def accepted_keys(
    sink: ClickHouseSink, starts: Mapping[tuple[str, int], int], since_ms: int
) -> Iterator[tuple[str, str, int]]:
    """Yield (topic, dedup key, first seen in epoch ms) of the records accepted after `since_ms`, oldest first.

    `starts`: the offset by (topic, partition) at which reading begins. Only records before it count. A negative offset
    means that the group has committed none; then all records of the partition count. Raises SinkError.
    """
    known = {key: offset for key, offset in starts.items() if offset >= 0}
    parameters = {
        "topics": _array(f"'{topic}'" for topic in sorted({topic for topic, _ in starts})),
        "partitions": _array(f"'{topic}/{partition}'" for topic, partition in known),
        "starts": _array(str(offset) for offset in known.values()),
        "since_ms": str(since_ms),
    }
    statement = (Path(__file__).parent / "restore_dedup.sql").read_text()
    for line in sink.lines(statement, parameters):
        topic, key, first_seen_ms = orjson.loads(line)
        yield topic, key, int(first_seen_ms)


def _array(items: Iterator[str]) -> str:
    """Return a ClickHouse array literal. Topic names contain no character that needs escaping."""
    return f"[{','.join(items)}]"
