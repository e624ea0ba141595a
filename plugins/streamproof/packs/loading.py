"""Find and read packs: `include/packs/<name>/pack.yaml`."""

from __future__ import annotations

from pathlib import Path

from streamproof.model.documents import read_yaml
from streamproof.model.errors import UsageError
from streamproof.packs.pack import Pack


def pack_names(home: Path) -> tuple[str, ...]:
    """Return the names of the packs below `home`, sorted."""
    return tuple(sorted(path.parent.name for path in (home / "include" / "packs").glob("*/pack.yaml")))


def load_pack(home: Path, name: str) -> Pack:
    """Read a pack. Raises UsageError when there is none of this name or its file is broken."""
    if name not in pack_names(home):
        raise UsageError(f"There is no pack '{name}'.", hint=f"Packs here: {', '.join(pack_names(home)) or 'none'}.")
    path = home / "include" / "packs" / name / "pack.yaml"
    return Pack.from_mapping(read_yaml(path, what="Pack", hint="Compare it with include/packs/livepeer/pack.yaml."))
