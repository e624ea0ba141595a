"""The adapter of the port `SourceTransport` for HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streamproof.transport.http.faults import read_fault_plan
from streamproof.transport.http.ledger import read_requests
from streamproof.transport.served import ServedRequest, SourceTransport


class HttpSource:
    """Serves a fixture set by HTTPS."""

    def fault_names(self, plan: Path) -> tuple[str, ...]:
        """Return the names of the faults of a plan. Raises UsageError for a file that is no plan of faults."""
        return tuple(read_fault_plan(plan).faults)

    def requests(self, ledger: Path) -> Iterator[ServedRequest]:
        """Yield the requests of a ledger in the order in which they were answered. Raises StackError if broken."""
        return read_requests(ledger)


SOURCE: SourceTransport = HttpSource()
