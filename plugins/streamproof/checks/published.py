"""The published records of a run, as the pack's oracle reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class PublishedRecord(NamedTuple):
    """One published record with its Kafka location, from which an oracle computes expected rows.

    `sequence` is its position in the order of publishing, from 0. `time_ms` is its Kafka time in Unix epoch
    milliseconds. `key` is the text of its key, '' for none.
    """

    sequence: int
    value: bytes | None
    topic: str
    partition: int
    offset: int
    time_ms: int
    key: str
    headers: dict[str, str]


def with_positions(
    values: Iterable[tuple[int, str, bytes | None]], positions: Iterable[tuple[str, int, int]], run_id: str
) -> Iterator[PublishedRecord]:
    """Combine the published values with their Kafka locations. Both are in the order of publishing.

    `values` are (Kafka time in epoch ms, key, value), `positions` are (topic, partition, offset).
    """
    for sequence, ((time_ms, key, value), location) in enumerate(zip(values, positions, strict=True)):
        yield record_of(sequence, time_ms, key, value, location, run_id)


def record_of(
    sequence: int, time_ms: int, key: str, value: bytes | None, location: tuple[str, int, int], run_id: str
) -> PublishedRecord:
    """Return a published record; `location` is its topic, partition and offset."""
    headers = {"sp-run-id": run_id, "sp-sequence": str(sequence)}
    return PublishedRecord(sequence, value, *location, time_ms, key, headers)
