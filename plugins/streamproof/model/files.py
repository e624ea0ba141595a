"""Write files that other processes may read at the same time, and lock between processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streamproof.model.errors import StackError
from streamproof.model.formats.json_text import to_json


def write_json(path: Path, data: Mapping[str, Any] | list[Any], *, mode: int | None = None) -> None:
    """Write JSON atomically: a reader sees the old content or the new. Values that JSON cannot hold become text.

    `mode` are the permissions of the file, by default those of the process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    if mode is not None:
        partial.touch(mode)
    partial.write_bytes(to_json(data))
    partial.replace(path)


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes. The kernel releases it when its holder ends for any reason.

    Raises StackError when the lock file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
    except OSError as error:
        raise StackError(
            f"{path.parent} cannot be written: {error.strerror}.",
            hint="Make it writable, or name another cache folder with XDG_CACHE_HOME.",
        ) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
