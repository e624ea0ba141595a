"""Copies of `tests/packs/letters`, a small pack whose pipeline fetches: each byte of a file is a record and a row."""

from __future__ import annotations

import shutil
from pathlib import Path

LETTERS = Path(__file__).resolve().parents[1] / "packs" / "letters"
# The module that its `source` names. A test that imports it from a copy must forget it afterwards.
MODULE = "letters_of_support"
PACK = (LETTERS / "pack.yaml").read_text(encoding="utf-8")
LOADER = (LETTERS / "letters_loader.py").read_text(encoding="utf-8")


def write_pack(folder: Path, *, pack: str = PACK, loader: str = LOADER) -> Path:
    """Copy the pack below `folder`, with this pack.yaml and this program, and return its folder."""
    copied = folder / "letters"
    shutil.copytree(LETTERS, copied, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (copied / "pack.yaml").write_text(pack, encoding="utf-8")
    (copied / "letters_loader.py").write_text(loader, encoding="utf-8")
    return copied
