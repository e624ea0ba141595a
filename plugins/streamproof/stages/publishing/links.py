"""The files that a report links to by entity, as an index in the run's folder names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from streamproof.runs.folder import BrokenFileError, RunFolder, read_object


def links_in(folder: RunFolder, index: str, key: str, log: Callable[[str], None], part: str = "") -> dict[str, str]:
    """Return the paths below `key` of an index, relative to the run's folder, by entity id.

    A path is the entry itself, or its `part`. Paths out of the folder are left out. An index that is not there has
    none; one that cannot be read is logged, and has none either.
    """
    path = folder.root / index
    if not path.exists():
        return {}
    try:
        entries = read_object(path, key)[key]
        if not isinstance(entries, dict):
            raise BrokenFileError(path, f"{key} holds no object")
    except (OSError, ValueError) as problem:
        log(f"{index} is not used: {problem}")
        return {}
    found = {entity: _part(entry, part) for entity, entry in entries.items()}
    return {entity: file for entity, file in found.items() if _is_below(file, PurePosixPath(index).parent)}


def _part(entry: Any, part: str) -> Any:
    return (entry.get(part) if isinstance(entry, Mapping) else None) if part else entry


def _is_below(file: Any, folder: PurePosixPath) -> bool:
    return isinstance(file, str) and folder in PurePosixPath(file).parents and ".." not in PurePosixPath(file).parts
