"""What is said of a broker that does not answer."""

from __future__ import annotations

import pytest

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.transport.kafka import producer


def test_a_broker_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(producer, "METADATA_TIMEOUT_SEC", 0.1)
    with pytest.raises(StackError, match=r"the offsets of topic orders at 127\.0\.0\.1:1;") as raised:
        producer.end_offsets(KafkaSettings("127.0.0.1:1"), "orders")
    assert "Does a broker listen there?" in raised.value.hint
