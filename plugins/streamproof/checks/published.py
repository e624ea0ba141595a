"""What a run published, as the pack's oracle reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class PublishedRecord(NamedTuple):
    """One record as it was published, and where the broker put it: what an oracle computes from.

    `sequence` is its place in the order of publishing, `time_ms` its Kafka time in Unix epoch milliseconds, `key` the
    text of its key ('' for none).
    """

    sequence: int
    value: bytes | None
    topic: str
    partition: int
    offset: int
    time_ms: int
    key: str
    headers: dict[str, str]


def placed(
    values: Iterable[tuple[int, str, bytes | None]], places: Iterable[tuple[str, int, int]], run_id: str
) -> Iterator[PublishedRecord]:
    """Join what was published with where the broker put it, both in the order of publishing.

    `values` are (Kafka time in epoch ms, key, value), `places` are (topic, partition, offset).
    """
    for sequence, ((time_ms, key, value), (topic, partition, offset)) in enumerate(zip(values, places, strict=True)):
        headers = {"sp-run-id": run_id, "sp-sequence": str(sequence)}
        yield PublishedRecord(sequence, value, topic, partition, offset, time_ms, key, headers)
