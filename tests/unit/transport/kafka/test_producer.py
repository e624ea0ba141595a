"""What is said of a broker that does not answer."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.transport.kafka import producer


def test_a_broker_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(producer, "METADATA_TIMEOUT_SEC", 0.1)
    with pytest.raises(StackError, match=r"the offsets of topic orders at 127\.0\.0\.1:1;") as raised:
        producer.end_offsets(KafkaSettings("127.0.0.1:1"), "orders")
    assert "Does a broker listen there?" in raised.value.hint


def test_a_topic_that_is_missing_is_not_blamed_on_the_broker(monkeypatch):
    nothing = SimpleNamespace(topics={"orders": SimpleNamespace(partitions={})})
    consumer = SimpleNamespace(list_topics=lambda _topic, timeout: nothing, close=lambda: None)
    monkeypatch.setattr(producer, "METADATA_TIMEOUT_SEC", 0.1)
    monkeypatch.setattr(producer, "Consumer", lambda _config: consumer)
    with pytest.raises(StackError, match="it does not exist") as raised:
        producer.end_offsets(KafkaSettings("127.0.0.1:1"), "orders")
    assert "The broker answers and has no such topic" in raised.value.hint
