"""Find and read packs: by name in the folders of packs, or by the folder of one pack."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import UsageError
from streamproof.model.yaml_files import read_model
from streamproof.packs.pack import Pack, PackFile

FILE = "pack.yaml"
DEFAULT = "default.txt"
_HINT = "docs/write-a-pack.md has every key."


@dataclass(frozen=True, slots=True)
class Packs:
    """The packs of a project: those of `include/packs`, then those of more folders of packs.

    `default` names the default pack; where it is '', `include/packs/default.txt` does.
    """

    home: Path
    folders: tuple[Path, ...] = ()
    default: str = ""

    @property
    def default_name(self) -> str:
        """Return the name of the default pack. Raises UsageError when nothing names one."""
        name = self.default or self._default_by_file
        if not name:
            raise UsageError(
                "No pack is named.",
                hint=f"Give --pack NAME|DIR, or name the default pack in {self._shipped / DEFAULT}.",
            )
        return name

    def names(self) -> tuple[str, ...]:
        """Return the names of the packs that can be found by name, sorted."""
        return tuple(sorted(self._by_name()))

    def find(self, given: str | None = None) -> Path:
        """Return the pack.yaml of a pack by name or by its folder; None is the default pack.

        Raises UsageError when there is none.
        """
        wanted = given or self.default_name
        file = self._by_name().get(wanted) or Path(wanted).expanduser().absolute() / FILE
        if not file.is_file():
            by_folder = os.sep in wanted
            raise UsageError(
                f"There is no {file}." if by_folder else f"There is no pack '{wanted}'.",
                hint=f"Packs here: {', '.join(self.names()) or 'none'}. --pack also takes the folder of a pack.",
            )
        return file.absolute()

    def load(self, given: str | None = None) -> Pack:
        """Read a pack by name or by its folder; None is the default pack. Raises UsageError."""
        return read_pack(self.find(given), self.home)

    def asked_for(self, file: Path) -> str | None:
        """Return how a command names the pack of this file: None for the default pack, else its name or its folder."""
        names = {found.absolute(): name for name, found in self._by_name().items()}
        name = names.get(file)
        if name is None:
            return str(file.parent)
        return None if name == (self.default or self._default_by_file) else name

    @property
    def _default_by_file(self) -> str:
        file = self._shipped / DEFAULT
        return file.read_text(encoding="utf-8").strip() if file.is_file() else ""

    @property
    def _shipped(self) -> Path:
        return self.home / "include" / "packs"

    def _by_name(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder in (self._shipped, *self.folders):
            for file in folder.glob(f"*/{FILE}"):
                # The first folder that has a name decides, as in PATH.
                found.setdefault(file.parent.name, file)
        return found


def load_pack(home: Path, name: str) -> Pack:
    """Read a pack that is shipped with a project. Raises UsageError for one that is not there or is broken."""
    return Packs(home).load(name)


def read_pack(file: Path, home: Path) -> Pack:
    """Read a pack.yaml. Raises UsageError naming file, line and key of what is wrong with it."""
    return Pack.of(read_model(file, PackFile, what="Pack", hint=_HINT), file, home)
