"""Write files that other processes may read at the same time, and lock between processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

from streamproof.model.errors import StackError
from streamproof.model.formats.json_text import to_json


def stack_files(home: Path) -> Path:
    """Return the folder of lock files and configuration templates below the project folder."""
    return home / "include" / "stack"


def write_json(path: Path, data: Mapping[str, Any] | list[Any]) -> None:
    """Write JSON atomically: a reader sees the old content or the new. Values that JSON cannot hold become text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(to_json(data))
    partial.replace(path)


def fill_template(template: Path, target: Path, values: Mapping[str, object]) -> None:
    """Replace the ${names} of `template` and write the text to `target`. Raises KeyError for a name without a value."""
    text = Template(template.read_text(encoding="utf-8")).substitute(values)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


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


def last_lines(path: Path, count: int = 12) -> str:
    """Return the last lines of a log, '' when the file does not exist."""
    if not path.exists():
        return ""
    with path.open("rb") as handle:
        handle.seek(max(path.stat().st_size - 64_000, 0))
        lines = handle.read().decode("utf-8", "replace").splitlines()
    return "\n".join([line[:500] for line in lines if line.strip()][-count:])
