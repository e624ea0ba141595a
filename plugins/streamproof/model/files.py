"""Write files and folders that other processes may read at the same time, and lock between processes."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streamproof.model.errors import StackError, UsageError
from streamproof.model.formats.json_text import to_json

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_OWNER_ONLY = 0o600


def write_json(
    path: Path, data: Mapping[str, Any] | list[Any], *, mode: int | None = None, indent: bool = True
) -> None:
    """Write JSON atomically: a reader sees the old content or the new. Values that JSON cannot hold become text.

    `mode` are the permissions of the file, by default those of the process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    if mode is not None:
        partial.touch(mode)
    partial.write_bytes(to_json(data, indent=indent))
    partial.replace(path)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read. A file that is there already is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(_OWNER_ONLY, exist_ok=False)
    path.write_bytes(content)


@contextmanager
def new_folder(out: Path, *, replace: bool = False) -> Iterator[Path]:
    """Make a folder beside `out`, and give it that name when the block ends without an error; else remove it.

    With `replace`, a folder that is there already is removed when the new one is whole, and stays as it is when the
    block fails. Raises UsageError when `out` exists, and is not to be replaced, or when it cannot be written.
    """
    out = out.expanduser().absolute()
    if out.exists() and not replace:
        raise UsageError(f"{out} is there already.", hint="Give a folder that does not exist: it is made.")
    work: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", suffix=".partial", dir=out.parent))
        yield work
        work.chmod(0o755)
        _rename(work, out)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", hint="Give another folder.") from None
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)


def _rename(work: Path, out: Path) -> None:
    if not out.exists():
        work.rename(out)
        return
    before = work.with_suffix(".before")
    out.rename(before)
    try:
        work.rename(out)
    except BaseException:
        before.rename(out)
        raise
    shutil.rmtree(before, ignore_errors=True)


def require_id(text: str, what: str) -> str:
    """Return an id that names a folder. Raises UsageError for any other text; `what` says what it should be."""
    if not _ID.fullmatch(text):
        raise UsageError(
            f"'{text}' is not {what}.",
            hint="Use 1 to 64 letters, digits, dots, dashes or underscores, starting with a letter or digit.",
        )
    return text


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
