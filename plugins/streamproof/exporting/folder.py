"""The files of an exported set."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 100


class FileNames:
    """Names of session files: `<scenario>/<id>.jsonl`, with unsafe characters replaced, no name twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, scenario: str, entity: str) -> str:
        """Return the path of an entity's file, relative to the manifest."""
        safe = _safe(entity)
        name = f"{_safe(scenario)}/{safe[:_LONGEST_NAME]}"
        if len(safe) > _LONGEST_NAME or name.lower() in self._taken:
            name = f"{name}-{hashlib.sha256(entity.encode()).hexdigest()[:12]}"
        self._taken.add(name.lower())
        return f"{name}.jsonl"


def _safe(text: str) -> str:
    return _UNSAFE.sub("_", text).lstrip(".-") or "_"


class SessionWriter:
    """Writes the file of one entity line by line, and counts what its manifest entry says."""

    def __init__(self, folder: Path, file: str, table: str) -> None:
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        self.file = file
        self._table = table
        self._out = path.open("wb")
        self._digest = hashlib.sha256()
        self._families: Counter[str] = Counter()

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._out.close()

    def add(self, line: bytes, family: str) -> None:
        """Write a line, given without a line feed, of an event of a family."""
        content = line + b"\n"
        self._digest.update(content)
        self._out.write(content)
        self._families[family] += 1

    def entry(self) -> dict[str, Any]:
        """Return the part of the manifest's entry that is about the file."""
        events = sum(self._families.values())
        families = {f"{self._table}:{name}": count for name, count in sorted(self._families.items()) if name}
        return {
            "file": self.file,
            "events": events,
            "sha256": self._digest.hexdigest(),
            "table_counts": {self._table: events, **families},
        }
