"""The ledger of a source: a file with one line of JSON for each request that was answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson

from streamproof.model.errors import StackError
from streamproof.model.formats.json_data import from_json
from streamproof.transport.served import ServedRequest


class LedgerWriter:
    """Appends requests to a ledger. A line is in the file when `add` returns."""

    def __init__(self, path: Path) -> None:
        """Open the file; its folder is made. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def add(self, request: ServedRequest) -> None:
        """Write a request."""
        self._file.write(orjson.dumps(asdict(request)) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_requests(path: Path) -> Iterator[ServedRequest]:
    """Yield the requests of a ledger, none if there is no file. Raises StackError for a line that cannot be read."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield from_json(ServedRequest, orjson.loads(line))
            except ValueError as error:
                raise StackError(
                    f"{path}:{number} is not a line of a ledger of requests: {error}.",
                    hint="The server of the source may have been killed while it wrote. Run again.",
                ) from None
