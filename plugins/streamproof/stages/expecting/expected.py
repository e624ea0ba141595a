"""What an oracle expects of a run: computed at once, or by parts when the run is large and the oracle allows it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from streamproof.checks.oracle_parts import Expectation, Oracle, PartedOracle, Row, is_parted
from streamproof.checks.partitions import PART_RECORDS, SMALLEST, Links, Part, divided
from streamproof.checks.published import PublishedRecord, record_of, with_positions
from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.plan import ORACLE
from streamproof.runs.context import RunContext
from streamproof.stages.expecting.workers import cores, judge_parts
from streamproof.stages.serving.source import served_files
from streamproof.warehouse.base import Warehouse

Columns = Mapping[str, Mapping[str, str]]


class Expected(Protocol):
    """The expected rows and sessions of a run."""

    def store(self, columns: Columns) -> dict[str, int]:
        """Store the expected rows of these objects in the warehouse; return their number by object."""

    def sessions(self) -> list[Row]:
        """Return the expected facts of every session."""


class PublishedRecords:
    """The records of a run in the order of publishing, with their Kafka location. They can be iterated repeatedly."""

    def __init__(self, ctx: RunContext, warehouse: Warehouse, replay: ReplayPlan) -> None:
        """Take the sources of the records: the replay for values, the warehouse's ledger for locations."""
        self._ctx = ctx
        self._warehouse = warehouse
        self._replay = replay

    def __iter__(self) -> Iterator[PublishedRecord]:
        values = (
            (event.publish_ms, (event.key or b"").decode("utf-8", "replace"), value)
            for event, value in self._replay.records()
        )
        return with_positions(values, self._warehouse.ledger_positions(), self._ctx.plan.run_id)


def expected_of(ctx: RunContext, oracle: Oracle, warehouse: Warehouse, replay: ReplayPlan) -> Expected:
    """Return what the oracle expects of the records that a run has published, or of the files that it has served."""
    if ctx.pack.source:
        return _AtOnce(oracle.Expectation(served_files(ctx)), warehouse)
    if is_parted(oracle) and len(replay.events) >= SMALLEST:
        return _InParts(ctx, oracle, warehouse, replay)
    return _AtOnce(oracle.Expectation(PublishedRecords(ctx, warehouse, replay)), warehouse)


class _AtOnce:
    """The expectation of the whole run, computed in this process."""

    def __init__(self, expectation: Expectation, warehouse: Warehouse) -> None:
        self._expectation, self._warehouse = expectation, warehouse

    def store(self, columns: Columns) -> dict[str, int]:
        return self._warehouse.store_expected(self._expectation.rows(), columns)

    def sessions(self) -> list[Row]:
        return self._expectation.sessions()


class _InParts:
    """The expectation of all records, computed part by part in several processes."""

    def __init__(self, ctx: RunContext, oracle: PartedOracle, warehouse: Warehouse, replay: ReplayPlan) -> None:
        self._ctx, self._oracle, self._warehouse, self._replay = ctx, oracle, warehouse, replay
        self._sessions: list[Row] | None = None

    def store(self, columns: Columns) -> dict[str, int]:
        # Every core gets a part, also when all records would fit into one.
        size = min(PART_RECORDS, math.ceil(len(self._replay.events) / cores()))
        links = (Links(*self._oracle.links(value)) for _, value in self._replay.records())
        parts = divided(links, part_records=size)
        # The processes add to the tables that are created here.
        self._warehouse.store_expected((), columns)
        locations = _Locations(self._warehouse.ledger_positions())

        def records(part: Part) -> Iterator[tuple[Any, ...]]:
            for place in part.records:
                event = self._replay.events[place]
                key = (event.key or b"").decode("utf-8", "replace")
                value, location = self._replay.value(event), locations[place]
                yield tuple(record_of(place, event.publish_ms, key, value, location, self._ctx.plan.run_id))

        numbers, sessions = judge_parts(self._ctx, ORACLE, columns, parts, records)
        self._sessions = self._oracle.joined(sessions)
        return numbers

    def sessions(self) -> list[Row]:
        if self._sessions is None:
            self.store({})
        return self._sessions or []


class _Locations:
    """Topic, partition and offset of every record. A record takes 16 bytes of memory."""

    def __init__(self, positions: Iterable[tuple[str, int, int]]) -> None:
        self._topics: list[str] = []
        self._topic, self._partition, self._offset = array("I"), array("I"), array("q")
        known: dict[str, int] = {}
        for topic, partition, offset in positions:
            self._topic.append(known.setdefault(topic, len(known)))
            self._partition.append(partition)
            self._offset.append(offset)
        self._topics = list(known)

    def __getitem__(self, place: int) -> tuple[str, int, int]:
        return self._topics[self._topic[place]], self._partition[place], self._offset[place]
