"""Write records as a fixture set, and infer what they are, in one pass."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.fixtures.importing.records import Record
from streamproof.fixtures.importing.set_writer import SetWriter
from streamproof.fixtures.inference.choosing import choose_type_path
from streamproof.fixtures.inference.event_times import event_ms, time_paths
from streamproof.fixtures.inference.families import Inference
from streamproof.fixtures.inference.model import Path as FieldPath
from streamproof.fixtures.plain_values import NO_EVENT, classified
from streamproof.model.fixture import ValueRules
from streamproof.report.formatting import count

# What is looked at before the first event is written: so many records, of so many bytes.
SAMPLE_RECORDS, SAMPLE_BYTES = 2_000, 8_000_000
_ANY = ValueRules(untyped="any")


@dataclass(frozen=True, slots=True)
class Imported:
    """A set that was written, but for its manifest. `first` has the first record of each problem."""

    inference: Inference
    writer: SetWriter
    first: Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Sample:
    """The first records, which are read again with the others, and the contents of those that are events."""

    records: list[Record]
    documents: list[dict[str, Any]]

    @classmethod
    def of(cls, records: Iterator[Record]) -> Sample:
        """Take the first records."""
        taken: list[Record] = []
        size = 0
        for record in itertools.islice(records, SAMPLE_RECORDS):
            taken.append(record)
            size += len(record.value or b"")
            if size > SAMPLE_BYTES:
                break
        contents = (classified(record.value, _ANY).document for record in taken)
        return cls(taken, [document for document in contents if document is not None])

    @property
    def has_times(self) -> bool:
        """Return whether the file itself says when its records were published."""
        return any(record.milliseconds is not None for record in self.records)


def present_ms() -> int:
    """Return the present time in Unix milliseconds: that of events of which none has a time."""
    return time.time_ns() // 1_000_000


def problem_notice(problem: str, number: int) -> str:
    """Return what a reader has to know of so many records with a problem: what it is, and where they will be."""
    are, they = ("is", "it is") if number == 1 else ("are", "they are")
    if problem in NO_EVENT:
        nouns = "no event" if number == 1 else "no events"
        return f"{count(number, 'record')} {are} {nouns} ({problem}): {they} expected among the rejects."
    return (
        f"{count(number, 'record')} {are} of a type that the pack does not know ({problem}): "
        f"{they} not expected among the rejects."
    )


def infer_and_write(records: Iterable[Record], folder: Path, *, type_path: FieldPath | None) -> Imported:
    """Write all records as a fixture set into a folder, and return what was learned of them with the open writer.

    `type_path` is where the type of an event stands, () if the events have none; None chooses it from the first events.
    Events without a time get that of their neighbours, or the present time if no event has one. Raises FixtureError.
    """
    stream = iter(records)
    sample = Sample.of(stream)
    chosen = choose_type_path(sample.documents) if type_path is None else type_path
    times = time_paths(sample.documents)
    fallback = None if times or sample.has_times else present_ms()
    inference = Inference(chosen, times)
    first: dict[str, Record] = {}
    with SetWriter(folder, fallback_ms=fallback) as writer:
        for record in itertools.chain(sample.records, stream):
            problem, document = inference.add(record.value)
            if problem:
                first.setdefault(problem, record)
            writer.add(record, problem, event_ms(document, times) if document else None)
    return Imported(inference, writer, first)
