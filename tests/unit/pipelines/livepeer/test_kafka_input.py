"""Rounds over several partitions: in one order, and after a crash exactly as they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from pipelines.livepeer import kafka_input
from pipelines.livepeer.batches import Span
from pipelines.livepeer.kafka_input import KafkaInput

from . import fakes


class Message(fakes.FakeMessage):
    def __init__(self, partition: int, offset: int) -> None:
        super().__init__(offset, b"{}")
        self._partition = partition

    def partition(self) -> int:
        return self._partition


class TwoPartitions:
    """A consumer of two partitions that hands out what a test has laid down, call by call."""

    def __init__(self, spans: dict[int, Span], rounds: list[list[Message]]) -> None:
        self._spans = spans
        self._rounds: Iterator[list[Message]] = iter(rounds)
        self._on_assign: Any = None

    def subscribe(self, topics: list[str], on_assign: Any, **_: Any) -> None:
        self._on_assign = on_assign

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        spans = [self._spans.get(partition.partition) for partition in partitions]
        return [TopicPartition("events", n, 0, span.journal() if span else "") for n, span in enumerate(spans)]

    def assign(self, partitions: list[TopicPartition]) -> None:
        pass

    def consume(self, wanted: int, timeout: float) -> list[Message]:
        if self._on_assign is not None:
            self._on_assign(self, [TopicPartition("events", number) for number in range(2)])
            self._on_assign = None
        return next(self._rounds)


def collected(monkeypatch: pytest.MonkeyPatch, consumer: TwoPartitions, calls: int) -> list[list[tuple[int, int, int]]]:
    """What each call of `collect` returns: partition, first and last offset of its batches."""
    monkeypatch.setattr(kafka_input, "Consumer", lambda configuration: consumer)
    source = KafkaInput(fakes.settings(), lambda: None, lambda: 5)
    rounds = [source.collect() for _ in range(calls)]
    return [[(batch.span.partition, batch.span.first, batch.span.last) for batch in round_] for round_ in rounds]


def test_a_round_has_its_partitions_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = TwoPartitions({}, [[Message(1, 0)], [Message(0, 0), Message(1, 1)]])

    assert collected(monkeypatch, consumer, 1) == [[(0, 0, 0), (1, 0, 1)]]


def test_a_round_that_was_cut_off_comes_back_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = {0: Span("events", 0, 0, 1, 7), 1: Span("events", 1, 0, 0, 7)}
    scripted = [[Message(1, 0)], [Message(1, 1)], [Message(0, 0)], [], [Message(0, 1)], [], [Message(0, 2)], []]
    consumer = TwoPartitions(spans, scripted)

    assert collected(monkeypatch, consumer, 4) == [[], [], [(0, 0, 1), (1, 0, 0)], [(0, 2, 2), (1, 1, 1)]]
