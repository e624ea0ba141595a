"""What is sent again for a dead letter: its body with the corrections and the markers, to the place it was read at."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from streamproof.dead_letters.bodies import corrected, marked
from streamproof.dead_letters.letters import DeadLetter
from streamproof.dead_letters.pipeline import Pipeline
from streamproof.dead_letters.request import Edit
from streamproof.transport.base import OutgoingRecord

LETTER_HEADER = "sp-dead-letter"


def outgoing_line(
    letter: DeadLetter, pipeline: Pipeline, edits: Sequence[Edit], now_ms: int
) -> tuple[bytes, list[bool]]:
    """Return the record of a dead letter as a line of the file of letters, and which edits have changed its body.

    The record has the time and, where it goes back to its own topic, the partition of the rejected one, so that events
    of one key stay in order. Its header names partition and offset of the dead letter.
    """
    body, changed = corrected(letter.body, edits)
    markers = pipeline.rules.markers
    body = marked(
        body,
        {
            markers.flag: True,
            markers.time: now_ms,
            markers.source: pipeline.rules.topic,
            markers.failure_class: letter.failure_class,
            markers.count: letter.replays + 1,
        },
    )
    topic, partition, _ = letter.origin
    key = _key(body, pipeline.pack.replay.key_field)
    line = {
        "value": body,
        "key": None if key is None else base64.b64encode(key).decode(),
        "milliseconds": letter.record_time,
        "partition": partition if topic == pipeline.output_topic and partition >= 0 else None,
        "letter": f"{letter.partition}:{letter.offset}",
    }
    return orjson.dumps(line) + b"\n", changed


def outgoing_records(file: Path) -> Iterator[OutgoingRecord]:
    """Yield the records in a file of letters."""
    with file.open("rb") as lines:
        for line in lines:
            found = orjson.loads(line)
            yield OutgoingRecord(
                value=found["value"].encode(),
                key=None if found["key"] is None else base64.b64decode(found["key"]),
                milliseconds=found["milliseconds"],
                partition=found["partition"],
                headers=((LETTER_HEADER, found["letter"].encode()),),
            )


def _key(body: str, field: str) -> bytes | None:
    """Return the Kafka key of a value: the pack's key field of its payload, as a replay of fixtures has it."""
    data = orjson.loads(body).get("data") if field else None
    key = data.get(field) if isinstance(data, dict) else None
    return key.encode() if isinstance(key, str) and key else None
