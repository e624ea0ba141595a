"""The ledger of a replay on disk: what it publishes, and which offsets the topic has acknowledged so far.

Its folder holds `replay.json` (the replay), `acknowledged.jsonl` (one line for each series of consecutive offsets of a
partition, in the order of publishing) and, once it has ended, `result.json`. Lines are handed to the operating system
at once, so they outlive a killed process. What the topic holds beyond the ledger is read back from the topic.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from streamproof.model.errors import StackError, UsageError
from streamproof.model.files import require_id, write_json
from streamproof.model.formats.json_data import from_json
from streamproof.replaying.request import Started


class Acknowledged(NamedTuple):
    """How many records of a partition were acknowledged, and the offset after the last of them."""

    records: int
    next_offset: int


class Ledger:
    """The ledger of one replay, open in one process at a time. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._lines: Any = None

    @property
    def folder(self) -> Path:
        """Return the folder of the replay."""
        return self._folder

    @property
    def began(self) -> bool:
        """Return whether the replay has begun."""
        return self._file.exists()

    @property
    def result(self) -> dict[str, Any] | None:
        """Return the result of a replay that has ended, None for any other."""
        file = self._folder / "result.json"
        return orjson.loads(file.read_bytes()) if file.exists() else None

    def __enter__(self) -> Ledger:
        """Lock the ledger. Raises StackError when another process publishes this replay, or it cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = self._open.enter_context((self._folder / "lock").open("a"))
        except OSError as error:
            raise StackError(
                f"The ledger {self._folder} cannot be written: {error.strerror}.",
                hint="Make the folder writable, or set STREAMPROOF_ARTIFACTS to another one.",
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._open.close()
            raise StackError(
                f"Replay {self._folder.name} is being published by another process.",
                hint="Wait for its end, or end it first.",
            ) from None
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the files. The lock ends with them. Nothing is left of a replay that has not begun."""
        if [path.name for path in self._folder.iterdir()] == ["lock"]:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._open.close()

    def require_new(self) -> None:
        """Raise UsageError when the replay has begun already."""
        if self.began:
            raise UsageError(
                f"Replay {self._folder.name} has begun already.",
                hint=f"`streamproof replay --resume {self._folder.name}` goes on with it. Give another --run-id.",
            )

    def begin(self, started: Started) -> None:
        """Write down what is about to be published."""
        write_json(self._file, asdict(started))

    def read(self) -> Started:
        """Return what the replay publishes. Raises UsageError when there is no such replay."""
        if not self.began:
            raise UsageError(
                f"There is no replay {self._folder.name}: {self._file} is missing.",
                hint="`streamproof replay` prints the id of each replay as it begins.",
            )
        found: Started = from_json(Started, orjson.loads(self._file.read_bytes()))
        return found

    def acknowledged(self) -> dict[int, Acknowledged]:
        """Return by partition what was acknowledged. A last line that was not written whole does not count."""
        found: dict[int, Acknowledged] = {}
        for line in self._whole_lines():
            entry = orjson.loads(line)
            before = found.get(entry["partition"], Acknowledged(0, 0)).records
            found[entry["partition"]] = Acknowledged(before + entry["records"], entry["offset"] + entry["records"])
        return found

    def add(self, partition: int, offsets: Sequence[int]) -> None:
        """Write down offsets that have just been acknowledged, in the order of publishing."""
        if self._lines is None:
            self._lines = self._opened_after_whole_lines()
        text = b"".join(
            orjson.dumps({"partition": partition, "offset": first, "records": count}) + b"\n"
            for first, count in _series(offsets)
        )
        self._lines.write(text)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Write down the result."""
        write_json(self._folder / "result.json", dict(result))

    @property
    def _file(self) -> Path:
        return self._folder / "replay.json"

    @property
    def _entries(self) -> Path:
        return self._folder / "acknowledged.jsonl"

    def _whole_lines(self) -> Iterator[bytes]:
        if self._entries.exists():
            with self._entries.open("rb") as lines:
                yield from (line for line in lines if line.endswith(b"\n"))

    def _opened_after_whole_lines(self) -> Any:
        size = sum(map(len, self._whole_lines()))
        lines = self._open.enter_context(self._entries.open("ab", buffering=0))
        lines.truncate(size)
        return lines


def ledger_of(root: Path, run_id: str) -> Ledger:
    """Return the ledger of a replay below `root`. Raises UsageError for an id that is no name of a folder."""
    return Ledger(root / require_id(run_id, "the id of a replay"))


def _series(offsets: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield (first offset, length) of each series of consecutive offsets."""
    first, count = offsets[0], 0
    for offset in offsets:
        if offset != first + count:
            yield first, count
            first, count = offset, 0
        count += 1
    yield first, count
