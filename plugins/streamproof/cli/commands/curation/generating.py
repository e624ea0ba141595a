"""`streamproof fixtures generate`: write a set of the pack's generator, also a large one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json, Pack
from streamproof.cli.output import emit_json, progress_console
from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from streamproof.packs.pack import Pack as ThePack

# Progress is shown, and time is told, for so many events.
STEP = 100_000

Kind = Annotated[
    str, typer.Argument(help="A set of the pack's generator, such as `load`.", metavar="SET", show_default=False)
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder; default: the pack's own for this set.", metavar="DIR")]
Events = Annotated[
    int | None, typer.Option("--events", help="With `load` and the like: how many events.", min=1, metavar="N")
]
Seed = Annotated[int | None, typer.Option("--seed", help="Default: the pack's own seed.", metavar="N")]


class Steps:
    """Shows on stderr how many events have been written, and the seconds that the last 100,000 took."""

    def __init__(self, events: int) -> None:
        self._events, self._shown = events, 0
        self.started = self._last = time.monotonic()

    def __call__(self, written: int) -> None:
        """Show a line when another 100,000 events have been written."""
        if written // STEP == self._shown:
            return
        now, steps = time.monotonic(), written // STEP - self._shown
        spent = (now - self._last) / steps
        self._shown, self._last = written // STEP, now
        text = f"{written:>12,} of {self._events:,} events, {spent:.1f} s per {STEP:,}"
        progress_console().print(text, markup=False, highlight=False)


def generate(
    kind: Kind, out: Out = None, events: Events = None, seed: Seed = None, pack: Pack = None, json: Json = False
) -> None:
    """Write a fixture set with its manifest; the same seed gives the same bytes."""
    from streamproof.packs.generating import load_generator, sized_kinds, write_generated

    the_pack = read_environment().packs.load(pack)
    generator = load_generator(the_pack)
    folder = out or _own_folder(the_pack, kind, has_own=events is None or kind not in sized_kinds(generator))
    chosen, steps = generator.DEFAULT_SEED if seed is None else seed, Steps(events or 0)
    manifest = write_generated(generator, kind, folder, chosen, events=events, progress=steps)
    rate: dict[str, float] = {}
    if events is not None:
        spent = time.monotonic() - steps.started
        rate = {"seconds": round(spent, 3), f"seconds_per_{STEP}": round(spent * STEP / events, 3)}
        text = f"{events:,} events in {spent:.1f} s, {rate[f'seconds_per_{STEP}']:.1f} s per {STEP:,}"
        progress_console().print(text, markup=False, highlight=False)
    if json:
        emit_json({"manifest": str(manifest), "set": kind, "seed": chosen, **rate})
    else:
        typer.echo(manifest)


def _own_folder(pack: ThePack, kind: str, *, has_own: bool) -> Path:
    if not has_own:
        raise UsageError(f"The pack has no folder for the set '{kind}'.", hint="Give --out DIR.")
    return pack.fixtures_dir / kind
