"""Writes the pack's fixture sets: the same seed gives the same bytes, on every machine and on every day.

`generate("golden", folder, seed)` writes clean sessions over scenarios 1 to 5, `generate("hostile", folder, seed)`
clean sessions with every kind of reject among their events. `generate_sized(kind, events, folder, seed)` writes a set
with that number of events: `load`, long clean sessions, or `volume`, with the statistics of the golden set.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from packs.livepeer.generator.files import write_set
from packs.livepeer.generator.golden import golden_sessions
from packs.livepeer.generator.hostile import hostile_sessions
from packs.livepeer.generator.load import load_sessions
from packs.livepeer.generator.volume import volume_sessions

DEFAULT_SEED = 20260228
KINDS = ("golden", "hostile")
SIZED_KINDS = ("load", "volume")

__all__ = ["DEFAULT_SEED", "KINDS", "SIZED_KINDS", "generate", "generate_load", "generate_sized"]


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
    return generate_sized("load", events, out_dir, seed)


def generate_sized(
    kind: str, events: int, out_dir: Path, seed: int = DEFAULT_SEED, *, progress: Callable[[int], object] | None = None
) -> Path:
    """Write the set `load` or `volume` with exactly so many records and return the path of its manifest.

    `progress` is called with the number of records written so far. Raises ValueError for another kind, or fewer events
    than one session has.
    """
    if kind not in SIZED_KINDS:
        raise ValueError(f"There is no set '{kind}' of any size; there are: {', '.join(SIZED_KINDS)}.")
    builders = load_sessions(events, seed) if kind == "load" else volume_sessions(events, seed)
    return write_set(out_dir, builders, description=f"{kind} of {events} events, seed {seed}", progress=progress)
