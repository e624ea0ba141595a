"""The key `requirements:` of a pack.yaml: Python packages that the pack needs and an environment may lack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from streamproof.packs.pack import Pack

Packages = Callable[[str, Path], Path | None]
"""Takes a pack's name and its lock file. It returns the folder with the packages that the environment lacks, after
installing them if need be, None when the environment has all. Raises UsageError, StackError."""


def packages_folder(pack: Pack) -> Path | None:
    """Return the folder with the packages of a pack, None when the environment has all; they are installed if need be.

    Raises UsageError for a lock file that cannot be used, StackError when the packages cannot be installed.
    """
    lock = requirements_file(pack)
    return pack.packages(pack.name, lock) if lock and pack.packages else None


def requirements_file(pack: Pack) -> Path | None:
    """Return the lock file that a pack names, None when it names none. Raises UsageError when there is no such file."""
    if not pack.requirements:
        return None
    lock = pack.file.parent / pack.requirements
    if not lock.is_file():
        raise UsageError(
            f"{pack.file}: `requirements` is {pack.requirements}, and there is no file {lock}.",
            hint="It is a lock file with hashes below the pack's folder, as `uv pip compile --generate-hashes` makes.",
        )
    return lock
