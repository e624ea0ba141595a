"""Writes the pack's fixture sets: the same seed gives the same bytes, on every machine and on every day.

`generate("golden", folder, seed)` writes clean sessions over scenarios 1 to 5, `generate("hostile", folder, seed)`
clean sessions with every kind of reject among their events, `generate_load(events, folder, seed)` a large set for
benchmarks.
"""

from __future__ import annotations

from pathlib import Path

from packs.livepeer.generator.files import write_set
from packs.livepeer.generator.golden import golden_sessions
from packs.livepeer.generator.hostile import hostile_sessions
from packs.livepeer.generator.load import load_sessions

DEFAULT_SEED = 20260228
KINDS = ("golden", "hostile")

__all__ = ["DEFAULT_SEED", "KINDS", "generate", "generate_load"]


def generate(kind: str, out_dir: Path, seed: int = DEFAULT_SEED) -> Path:
    """Write the fixture set `golden` or `hostile` into a folder and return the path of its manifest.

    Raises ValueError for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no fixture set '{kind}'; there are: {', '.join(KINDS)}.")
    builders = golden_sessions(seed) if kind == "golden" else hostile_sessions(seed)
    return write_set(out_dir, builders, description=f"{kind}, seed {seed}")


def generate_load(events: int, out_dir: Path, seed: int = DEFAULT_SEED) -> Path:
    """Write a set that publishes exactly so many clean records and return the path of its manifest.

    Raises ValueError for fewer events than one session has.
    """
    return write_set(out_dir, load_sessions(events, seed), description=f"load of {events} events, seed {seed}")
