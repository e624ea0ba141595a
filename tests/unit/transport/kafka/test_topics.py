"""Topics that are created: there for whoever asks next."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from streamproof.model.errors import WaitTimeoutError
from streamproof.transport.kafka.topics import create_topics


class SlowBrokers:
    """An admin client of brokers that tell one after the other what they know; their last word stays."""

    def __init__(self, *told: frozenset[str] | KafkaException) -> None:
        self.told = list(told)
        self.asked = 0

    def create_topics(self, topics: list[Any], **_: object) -> Mapping[str, Future[None]]:
        answers: dict[str, Future[None]] = {topic.topic: Future() for topic in topics}
        for answer in answers.values():
            answer.set_result(None)
        return answers

    def list_topics(self, timeout: float) -> SimpleNamespace:
        assert timeout > 0
        self.asked += 1
        found = self.told.pop(0) if len(self.told) > 1 else self.told[0]
        if isinstance(found, KafkaException):
            raise found
        return SimpleNamespace(topics=dict.fromkeys(found))


def test_topics_are_created_when_the_brokers_know_them():
    silent = KafkaException(KafkaError(KafkaError._TRANSPORT))
    brokers = SlowBrokers(frozenset(), silent, frozenset({"a"}), frozenset({"a", "b", "other"}))
    create_topics(brokers, ["a", "b"], timeout=5)
    assert brokers.asked == 4


def test_a_topic_that_brokers_never_know_is_reported_by_name():
    with pytest.raises(WaitTimeoutError, match=r"still missing: b\."):
        create_topics(SlowBrokers(frozenset({"a"})), ["a", "b"], timeout=0.2)


def test_a_rehearsal_creates_nothing_to_wait_for():
    brokers = SlowBrokers(frozenset())
    create_topics(brokers, ["a"], timeout=5, rehearse=True)
    assert brokers.asked == 0
