"""Writes the pack's fixture sets: the same seed gives the same records, on every machine and on every day.

`generate("golden", folder, seed)` writes two days of futures, an equity and an option in every schema; the schemas
agree with each other. `generate("hostile", folder, seed)` adds records with every kind of defect, and odd ones that
are right; `cases.json` says where each belongs.
`generate_sized("volume", events, folder, seed)` writes one day of one future with that number of trades.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from packs.market.generator.files import write_set
from packs.market.generator.golden import golden_set
from packs.market.generator.hostile import hostile_set
from packs.market.generator.volume import volume_set

DEFAULT_SEED = 20240115
KINDS = ("golden", "hostile")
SIZED_KINDS = ("volume",)

__all__ = ["DEFAULT_SEED", "KINDS", "SIZED_KINDS", "generate", "generate_sized"]


def generate(kind: str, out_dir: Path, seed: int = DEFAULT_SEED) -> Path:
    """Write the set `golden` or `hostile` into a folder and return its manifest. Raises ValueError for another kind."""
    if kind not in KINDS:
        raise ValueError(f"There is no fixture set '{kind}'; there are: {', '.join(KINDS)}.")
    content = golden_set(seed) if kind == "golden" else hostile_set(seed)
    return write_set(out_dir, content, description=f"{kind}, seed {seed}")


def generate_sized(
    kind: str, events: int, out_dir: Path, seed: int = DEFAULT_SEED, *, progress: Callable[[int], object] | None = None
) -> Path:
    """Write the set `volume` with so many trades and return its manifest.

    `progress` is called with the number of trades when they are made. Raises ValueError for another kind, or no trade.
    """
    if kind not in SIZED_KINDS:
        raise ValueError(f"There is no set '{kind}' of any size; there are: {', '.join(SIZED_KINDS)}.")
    content = volume_set(events, seed)
    if progress:
        progress(events)
    return write_set(out_dir, content, description=f"{kind} of {events} trades, seed {seed}")
