"""The saved sessions on disk. Each state is stored with the offsets that it covers, so that a restart finds its state.

A file is a generation: a whole state and then the changes since. Each entry has the offsets that were about to be
committed. A new file is written under another name and renamed; changes are appended and synchronised. The previous
file is deleted only after the first change was appended to the new one. So a crash at any moment leaves the state of
the last committed offsets, and possibly the next state. An incomplete entry at the end of a file is not read.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from pipelines.livepeer.lifecycle.state import StateError

Partition = tuple[str, int]
Positions = Mapping[Partition, int]

# Changes smaller than this never start a new generation.
SMALL_BYTES = 8_000_000
# A whole state is compressed, to about a quarter; changes are not.
_COMPRESSION = 4


class SavedState(NamedTuple):
    """A whole state and the changes since, in order."""

    snapshot: bytes
    changes: list[bytes]


class StateFiles:
    """The folder of one processor. Raises StateError when it cannot be used or another process uses it."""

    def __init__(self, folder: Path, *, small_bytes: int = SMALL_BYTES) -> None:
        self._folder = folder
        self._small_bytes = small_bytes
        self._file: BinaryIO | None = None
        self._outdated: list[Path] = []
        self._whole_bytes = self._added_bytes = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / "lock").open("ab")
        except OSError as error:
            raise self._unusable("cannot be used", error) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise self._unusable("is in use by another processor", error) from error

    @property
    def is_grown(self) -> bool:
        """Whether the changes are larger than the state that they change. Then the caller should call `begin`."""
        return self._added_bytes > max(_COMPRESSION * self._whole_bytes, self._small_bytes)

    def find(self, fits: Callable[[Positions], bool]) -> SavedState | None:
        """Return the newest state whose offsets fit, None when there is none."""
        for path in reversed(self._generations()):
            parts: list[bytes] = []
            found = 0
            for positions, part in _entries(path.read_bytes()):
                parts.append(part)
                if fits(positions):
                    found = len(parts)
            if found:
                return SavedState(parts[0], [part for part in parts[1:found] if part])
        return None

    def begin(self, positions: Positions, snapshot: bytes) -> None:
        """Start a generation: from now on `append` adds to this state."""
        earlier = self._generations()
        number = 1 + int(earlier[-1].stem.rpartition("-")[2]) if earlier else 1
        path = self._folder / f"sessions-{number:08d}.state"
        fresh = path.with_suffix(".new")
        try:
            self._close_file()
            self._file = fresh.open("wb")
            self._whole_bytes, self._added_bytes = self._write(positions, snapshot), 0
            fresh.replace(path)
            self._sync_folder()
        except OSError as error:
            raise self._unusable("cannot be written", error) from error
        self._outdated = earlier

    def append(self, positions: Positions, changes: bytes) -> None:
        """Append the changes since the last entry; empty when only the offsets have changed.

        The offsets that the generation began with are committed by now, so earlier generations are deleted.
        """
        try:
            self._added_bytes += self._write(positions, changes)
            for path in self._outdated:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable("cannot be written", error) from error
        self._outdated = []

    def close(self) -> None:
        """Release the folder. The saved files stay."""
        self._close_file()
        self._lock.close()

    def _generations(self) -> list[Path]:
        return sorted(self._folder.glob("sessions-*.state"))

    def _write(self, positions: Positions, part: bytes) -> int:
        """Write an entry and synchronise the disk; return its size in bytes."""
        if self._file is None:
            raise StateError("There is no state that changes could be added to.", hint="Begin a generation first.")
        listed = [[topic, partition, offset] for (topic, partition), offset in sorted(positions.items())]
        header = orjson.dumps({"positions": listed, "bytes": len(part), "crc32": zlib.crc32(part)})
        size = sum(self._file.write(piece) for piece in (header, b"\n", part, b"\n"))
        self._file.flush()
        os.fsync(self._file.fileno())
        return size

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _unusable(self, what: str, error: OSError) -> StateError:
        return StateError(
            f"The state folder {self._folder} {what}: {error.strerror or error}.",
            hint="Give each processor a folder of its own (PROCESSOR_STATE_DIR) that it may write to, with room.",
        )


def _entries(content: bytes) -> Iterator[tuple[dict[Partition, int], bytes]]:
    """Yield the offsets and the content of each entry, up to the first incomplete one."""
    at = 0
    while at < len(content):
        end = content.find(b"\n", at)
        try:
            header = orjson.loads(content[at:end])
            size, crc32 = header["bytes"], header["crc32"]
            positions = {(topic, partition): offset for topic, partition, offset in header["positions"]}
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return
        part = content[end + 1 : end + 1 + size]
        if len(part) != size or zlib.crc32(part) != crc32:
            return
        yield positions, part
        at = end + size + 2
