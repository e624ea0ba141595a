"""Read the events of a topic, as a file of events is read."""

from __future__ import annotations

from collections.abc import Iterator

from streamproof.fixtures.importing.records import Record, too_long
from streamproof.fixtures.values import MAX_VALUE_BYTES
from streamproof.model.errors import FixtureError
from streamproof.model.fixture import REPLAY_HEADERS
from streamproof.model.settings import KafkaSettings
from streamproof.transport.registry import transport_of

KIND = "kafka"


def records_of(settings: KafkaSettings, topic: str) -> Iterator[Record]:
    """Yield the records that a topic holds now. What is published meanwhile is left out.

    Raises StackError when the brokers do not answer, FixtureError for an empty topic or a record that is too long.
    """
    number = 0
    for number, found in enumerate(transport_of(KIND).read(settings, topic), start=1):
        if found.value is not None and len(found.value) > MAX_VALUE_BYTES:
            raise too_long(f"{topic}, partition {found.partition}, offset", found.offset, len(found.value))
        # Those of a topic that a replay has filled are not the events' own.
        headers = tuple(header for header in found.headers if header[0] not in REPLAY_HEADERS)
        yield Record(found.value, number, found.key, headers, found.milliseconds)
    if not number:
        raise FixtureError(f"Topic {topic} holds no record.", hint="Give a topic with at least one event.")
