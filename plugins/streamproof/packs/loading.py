"""Find and read packs, by name in the folders of packs or by the path of a pack's own folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import UsageError
from streamproof.model.formats.yaml_files import read_model
from streamproof.packs.pack import Pack, PackFile
from streamproof.packs.requirements import Packages

FILE = "pack.yaml"
DEFAULT = "default.txt"
_HINT = "docs/write-a-pack.md has every key."


@dataclass(frozen=True, slots=True)
class Packs:
    """The packs of a project: those in `include/packs`, then those in the additional `folders`.

    `default` is the name of the default pack. If it is '', the file `include/packs/default.txt` names it. `installed`:
    the project is a part of an installed package, so that nothing may be written to it. `packages` installs the Python
    packages of a pack, None where nothing may be installed.
    """

    home: Path
    folders: tuple[Path, ...] = ()
    default: str = ""
    installed: bool = False
    packages: Packages | None = None

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
        """Return the path of a pack.yaml. `given` is a pack's name, folder or pack.yaml; None is the default pack.

        Raises UsageError when the pack does not exist.
        """
        wanted = given or self.default_name
        path = Path(wanted).expanduser().absolute()
        file = self._by_name().get(wanted) or (path if path.name == FILE else path / FILE)
        if not file.is_file():
            by_folder = os.sep in wanted
            raise UsageError(
                f"There is no {file}." if by_folder else f"There is no pack '{wanted}'.",
                hint=f"Packs here: {', '.join(self.names()) or 'none'}. --pack also takes the folder of a pack.",
            )
        return file.absolute()

    def load(self, given: str | None = None) -> Pack:
        """Read a pack. `given` is its name or its folder; None is the default pack. Raises UsageError."""
        return read_pack(self.find(given), self.home, self.packages)

    def asked_for(self, file: Path) -> str | None:
        """Return the `--pack` option for the pack of this file: None for the default pack, else its name or folder."""
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
                # As in PATH, the first folder that contains a name wins.
                found.setdefault(file.parent.name, file)
        return found


def load_pack(home: Path, name: str) -> Pack:
    """Read a pack that is shipped with a project. Raises UsageError when it is missing or broken."""
    return Packs(home).load(name)


def read_pack(file: Path, home: Path, packages: Packages | None = None) -> Pack:
    """Read a pack.yaml. Raises UsageError that names file, line and key of an error."""
    return Pack.of(read_model(file, PackFile, what="Pack", hint=_HINT), file, home, packages)
