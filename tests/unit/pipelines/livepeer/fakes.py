"""A broker, a consumer and a warehouse in memory, for the job's tests; each fails where a test says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
from confluent_kafka import OFFSET_BEGINNING, TIMESTAMP_CREATE_TIME, KafkaError, KafkaException, TopicPartition

from pipelines.livepeer.batches import Request
from pipelines.livepeer.config import Settings, from_environment
from pipelines.livepeer.errors import SinkError
from pipelines.livepeer.tables import COLUMNS, DISPOSITIONS


def settings(tmp_path: Path | None = None, **changes: str) -> Settings:
    status = {"PROCESSOR_STATUS_FILE": str(tmp_path / "status.json")} if tmp_path else {}
    return from_environment({"QUALITY_INPUT_TOPIC": "events", **status, **changes})


class FakeMessage:
    def __init__(self, offset: int, value: bytes | None, error: KafkaError | None = None) -> None:
        self._offset, self._value, self._error = offset, value, error

    def error(self) -> KafkaError | None:
        return self._error

    def topic(self) -> str:
        return "events"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes | None:
        return self._value

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_CREATE_TIME, 1_781_000_000_000 + self._offset


class FakeBroker:
    """One partition of the topic `events`: its values by offset, and what a group has committed."""

    def __init__(self, values: list[bytes | None]) -> None:
        self.values = dict(enumerate(values))
        self.committed = -1001
        self.note: str | None = None
        self.commits: list[tuple[int, str | None]] = []
        self.refuse_commits_after: int | None = None


class FakeConsumer:
    """A consumer of `FakeBroker`; `sizes` bounds how many messages each call hands out."""

    def __init__(self, broker: FakeBroker, sizes: Iterator[int]) -> None:
        self._broker, self._sizes = broker, sizes
        self._position: int | None = None
        self._on_assign: Any = None

    def subscribe(self, topics: list[str], on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        assert topics == ["events"]
        self._on_assign, self.on_revoke, self.on_lost = on_assign, on_revoke, on_lost

    def assign_again(self, partitions: list[TopicPartition]) -> None:
        self._on_assign(self, partitions)

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        return [TopicPartition("events", 0, self._broker.committed, self._broker.note or "")]

    def assign(self, partitions: list[TopicPartition]) -> None:
        [partition] = partitions
        self._position = 0 if partition.offset == OFFSET_BEGINNING else partition.offset

    def consume(self, wanted: int, timeout: float) -> list[FakeMessage]:
        if self._position is None:
            self._on_assign(self, [TopicPartition("events", 0)])
        assert self._position is not None
        offsets = [offset for offset in sorted(self._broker.values) if offset >= self._position]
        at_end = not offsets
        offsets = offsets[: min(wanted, next(self._sizes))]
        if at_end:
            return [FakeMessage(self._position, None, KafkaError(KafkaError._PARTITION_EOF))]
        self._position = offsets[-1] + 1 if offsets else self._position
        return [FakeMessage(offset, self._broker.values[offset]) for offset in offsets]

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        assert not asynchronous
        broker, [partition] = self._broker, offsets
        if broker.refuse_commits_after is not None and len(broker.commits) >= broker.refuse_commits_after:
            broker.refuse_commits_after = None
            raise KafkaException(KafkaError(KafkaError.REQUEST_TIMED_OUT))
        broker.committed, broker.note = partition.offset, partition.metadata
        broker.commits.append((partition.offset, partition.metadata))
        return offsets

    def close(self) -> None:
        pass


class FakeWarehouse:
    """Takes a token once a table, like ClickHouse. The insert number `fail_at` fails, `applied` or not."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.order: list[str] = []
        self._tokens: set[tuple[str, str]] = set()
        self._lock = Lock()
        self.fail_at: int | None = None
        self.applied = False

    def insert(self, request: Request) -> None:
        with self._lock:
            self._insert(request)

    def _insert(self, request: Request) -> None:
        failing = False
        if self.fail_at is not None:
            self.fail_at -= 1
            failing = self.fail_at < 0
            if failing:
                self.fail_at = None
                if not self.applied:
                    raise SinkError("the insert was refused", hint="")
        if (request.table, request.token) not in self._tokens:
            self._tokens.add((request.table, request.token))
            self.order.append(request.table)
            self.tables.setdefault(request.table, []).extend(
                dict(zip(COLUMNS[request.table], orjson.loads(line), strict=True)) for line in request.body.split(b"\n")
            )
        if failing:
            raise SinkError("the answer was lost", hint="")

    def accepted_keys(self, starts: Mapping[tuple[str, int], int], since_ms: int) -> Iterator[tuple[str, str, int]]:
        for row in self.tables.get(DISPOSITIONS, []):
            start = starts[row["source_topic"], row["source_partition"]]
            if row["disposition"] == "accepted" and (start < 0 or row["source_offset"] < start):
                yield row["source_topic"], row["dedup_key"], since_ms + 1000
