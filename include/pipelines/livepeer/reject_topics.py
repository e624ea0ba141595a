"""Publishes reject envelopes to the dead-letter and quarantine topics. They are acknowledged before offsets move."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from pipelines.livepeer.errors import SinkError
from pipelines.livepeer.rejects import without_body

MAX_MESSAGE_BYTES = 64_000_000
FLUSH_SEC = 60.0
_LOG = logging.getLogger(__name__)


class RejectTopics:
    """The reject topics by disposition. Delivery is at least once: a restart may repeat the rejects of one span.

    The producer is created for the first reject. An envelope that is too large for its topic is sent again without
    its body.
    """

    def __init__(self, topics: dict[str, str], make_producer: Callable[[], Producer]) -> None:
        self._topics = topics
        self._make_producer = make_producer
        self._producer: Any = None
        self._refused: list[tuple[str, bytes, KafkaError]] = []

    def publish(self, rejects: list[tuple[str, bytes]]) -> None:
        """Send envelopes and wait until all are acknowledged. Raises SinkError."""
        if not rejects:
            return
        refused = self._deliver(rejects)
        oversize = [(kind, body) for kind, body, error in refused if error.code() == KafkaError.MSG_SIZE_TOO_LARGE]
        if oversize:
            _LOG.warning("%d reject envelopes are larger than their topic takes: sent without body", len(oversize))
        others = [item for item in refused if item[2].code() != KafkaError.MSG_SIZE_TOO_LARGE]
        others += self._deliver([(kind, without_body(body)) for kind, body in oversize])
        if others:
            kind, _, error = others[0]
            raise SinkError(
                f"Kafka did not acknowledge {len(others)} reject records for {self._topics[kind]}: {error.str()}.",
                hint="See whether the topic exists and the broker runs; the job continues where it stopped.",
            )

    def _deliver(self, rejects: list[tuple[str, bytes]]) -> list[tuple[str, bytes, KafkaError]]:
        """Send and wait. Return the envelopes that were not acknowledged, each with its error."""
        if not rejects:
            return []
        if self._producer is None:
            self._producer = self._make_producer()
        self._refused = []
        for kind, body in rejects:
            self._produce(kind, body)
        left = self._producer.flush(FLUSH_SEC)
        if left:
            raise SinkError(
                f"Kafka acknowledged no more reject records within {FLUSH_SEC:.0f} s; {left} are left.",
                hint="See whether the broker runs; the job continues where it stopped.",
            )
        return self._refused

    def _produce(self, kind: str, body: bytes) -> None:
        def delivered(error: KafkaError | None, _: object) -> None:
            if error is not None:
                self._refused.append((kind, body, error))

        while True:
            try:
                self._producer.produce(self._topics[kind], body, on_delivery=delivered)
            except BufferError:
                self._producer.poll(1.0)
            except KafkaException as error:
                self._refused.append((kind, body, error.args[0]))
                return
            else:
                return


def make_producer(bootstrap_servers: str, options: Mapping[str, str]) -> Producer:
    """Return an idempotent producer: it keeps the order, and its retries create no duplicates."""
    return Producer(
        {
            **options,
            "bootstrap.servers": bootstrap_servers,
            "enable.idempotence": True,
            "linger.ms": 5,
            "message.max.bytes": MAX_MESSAGE_BYTES,
            "compression.type": "lz4",
        }
    )
