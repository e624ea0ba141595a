"""Find and read packs: `include/packs/<name>/pack.yaml`."""

from __future__ import annotations

from pathlib import Path

from streamproof.model.errors import UsageError
from streamproof.model.yaml_files import read_model
from streamproof.packs.pack import Pack, PackFile

FILE = "pack.yaml"
_HINT = "docs/write-a-pack.md has every key."


def pack_names(home: Path) -> tuple[str, ...]:
    """Return the names of the packs below `home`, sorted."""
    return tuple(sorted(path.parent.name for path in (home / "include" / "packs").glob(f"*/{FILE}")))


def load_pack(home: Path, name: str) -> Pack:
    """Read a pack. Raises UsageError when there is none of this name or its file is broken."""
    if name not in pack_names(home):
        raise UsageError(f"There is no pack '{name}'.", hint=f"Packs here: {', '.join(pack_names(home)) or 'none'}.")
    return read_pack(home / "include" / "packs" / name / FILE, home)


def read_pack(file: Path, home: Path) -> Pack:
    """Read a pack.yaml. Raises UsageError naming file, line and key of what is wrong with it."""
    return Pack.of(read_model(file, PackFile, what="Pack", hint=_HINT), file, home)
