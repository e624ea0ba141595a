"""The checks of a run as its file has them. An entry is built when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamproof.history.entries import CheckEntry

_NUMBERS = {int, float}


class RecordedChecks(Mapping[str, CheckEntry]):
    """Checks by `suite.name`, over the JSON data of a file.

    A history of a thousand runs has some hundred thousand checks, of which a reader mostly needs few.
    """

    def __init__(self, recorded: Mapping[str, Any]) -> None:
        """Take the data. Raises TypeError or KeyError when they are not checks."""
        for name, check in recorded.items():
            if not _fits(check):
                raise TypeError(f"entry {name!r} does not have the fields of a check")
        self._recorded = recorded

    def __getitem__(self, name: str) -> CheckEntry:
        found = self._recorded[name]
        return CheckEntry(found["status"], found["duration_sec"], found["failed_rows"], found["diagnostics"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._recorded)

    def __len__(self) -> int:
        return len(self._recorded)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment] # a mapping, like a dict, is no key

    def statuses(self) -> Mapping[str, str]:
        """Return the status of every check."""
        return {name: check["status"] for name, check in self._recorded.items()}


def _fits(check: Any) -> bool:
    return (
        isinstance(check, dict)
        and isinstance(check["status"], str)
        and type(check["duration_sec"]) in _NUMBERS
        and isinstance(check["failed_rows"], int)
        and isinstance(check["diagnostics"], dict)
        and set(map(type, check["diagnostics"].values())) <= _NUMBERS
    )
