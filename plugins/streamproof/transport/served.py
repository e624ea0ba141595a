"""The port of transports that serve a fixture set: what stages need to know of the requests of a pipeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# The files in the folder of a source that a client needs: the certificate to trust, and the key to show.
CERTIFICATE_FILE, KEY_FILE = "certificate.pem", "key"


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive records of a file of the fixture set: from index `first` up to, but not including, `end`."""

    file: str
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """One request of the pipeline and its answer.

    `at` is the time of the request in Unix seconds. `asked` is the query string and the beginning of the body, without
    the key. `size` is the number of bytes of the body that were sent. `whole`: all of the answer was sent, and the
    answer was the app's. `fault` is the name of the planned fault that was applied, '' for none. `spans` are the
    records that the app says are in its whole answer.
    """

    at: float
    method: str
    path: str
    asked: str
    status: int
    size: int
    whole: bool
    fault: str = ""
    spans: tuple[Span, ...] = ()


class SourceTransport(Protocol):
    """A transport that serves the files of a fixture set to a pipeline, such as HTTP."""

    def fault_names(self, plan: Path) -> tuple[str, ...]:
        """Return the names of the faults of a plan. Raises UsageError for a file that is no plan of faults."""

    def requests(self, ledger: Path) -> Iterator[ServedRequest]:
        """Yield the requests of a ledger in the order in which they were answered. Raises StackError if it is broken.

        A ledger that does not exist has none.
        """


def records_served(requests: Iterable[ServedRequest]) -> Mapping[str, list[tuple[int, int]]]:
    """Return by file the records that whole answers held, as half-open ranges in order that do not touch each other."""
    by_file: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for request in requests:
        for span in request.spans if request.whole else ():
            if span.first < span.end:
                by_file[span.file].append((span.first, span.end))
    return {file: list(_joined(sorted(ranges))) for file, ranges in by_file.items()}


def _joined(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    current: tuple[int, int] | None = None
    for first, end in ranges:
        if current is None:
            current = (first, end)
        elif first <= current[1]:
            current = (current[0], max(current[1], end))
        else:
            yield current
            current = (first, end)
    if current is not None:
        yield current


def never_served(requests: Iterable[ServedRequest], records: Mapping[str, int]) -> dict[str, int]:
    """Return how many records of each file no whole answer held, without files whose records were all served.

    `records` are the numbers of records by file.
    """
    served = records_served(requests)
    missing = {
        file: number - sum(min(end, number) - min(first, number) for first, end in served.get(file, ()))
        for file, number in records.items()
    }
    return {file: number for file, number in missing.items() if number}
