"""Where a new pack goes, and how it gets there: all of it or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import UsageError
from streamproof.packs.loading import FILE, Packs

# The parts of a pack that is shipped with a project, which stand in one folder each; the first is its own.
_PARTS = ("packs", "sql", "contracts", "fixtures", "pipelines")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new pack goes: one folder in a folder of packs, or the folders of a shipped pack below `include`."""

    name: str
    folder: Path
    include: Path | None

    @property
    def file(self) -> Path:
        """Return the path of its pack.yaml."""
        return self.folder / FILE

    @property
    def python_dir(self) -> Path:
        """Return the folder that the pack's own programs are named below."""
        return self.include or self.folder

    @property
    def program(self) -> Path:
        """Return where a program of the user goes, relative to `python_dir`."""
        return Path("pipelines", self.name, "program.py") if self.include else Path("pipelines", "program.py")

    def target_of(self, part: str) -> Path:
        """Return where a part of the pack (`sql`, `fixtures`, …) goes."""
        return self.include / part / self.name if self.include else self.folder / part


def place_for(name: str, packs: Packs) -> Place:
    """Return where a new pack of this name goes: the first of the additional folders, else the project's `include`.

    Raises UsageError when a pack or a folder of that name exists, or an installed package has no other folder.
    """
    if packs.folders:
        place = Place(name, packs.folders[0].expanduser().absolute() / name, None)
    elif packs.installed:
        raise UsageError(
            "There is no folder for new packs: streamproof was installed from a wheel.",
            hint="Name one in STREAMPROOF_PACKS, for example STREAMPROOF_PACKS=~/packs.",
        )
    else:
        include = packs.home / "include"
        place = Place(name, include / "packs" / name, include)
    taken = next((path for path in (place.folder, *map(place.target_of, _PARTS[1:])) if path.exists()), None)
    if name in packs.names() or taken:
        raise UsageError(
            f"There is a pack '{name}' already{f': {taken}' if taken else ''}.",
            hint="Choose another name, or remove that pack first.",
        )
    return place


@contextmanager
def building(place: Place) -> Iterator[Path]:
    """Yield an empty folder for the pack, laid out as one folder; afterwards move its parts to their place.

    When the block raises, nothing is left. Raises UsageError when the folders cannot be written.
    """
    root = place.include or place.folder.parent
    try:
        root.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".new-{place.name}-", dir=root))
    except OSError as error:
        raise UsageError(
            f"{root} cannot be written: {error.strerror}.", hint="STREAMPROOF_PACKS names a folder for new packs."
        ) from None
    try:
        work.chmod(0o755)
        yield work
        _move(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _move(work: Path, place: Place) -> None:
    """Move the parts to their place, pack.yaml last: without it, the others are no pack."""
    if place.include is None:
        work.rename(place.folder)
        return
    moved: list[Path] = []
    try:
        for part in _PARTS[1:]:
            if (work / part).is_dir():
                target = place.target_of(part)
                target.parent.mkdir(parents=True, exist_ok=True)
                (work / part).rename(target)
                moved.append(target)
        place.folder.parent.mkdir(parents=True, exist_ok=True)
        work.rename(place.folder)
    except BaseException:
        for target in moved:
            shutil.rmtree(target, ignore_errors=True)
        raise
