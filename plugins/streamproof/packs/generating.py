"""A pack's generator of fixture sets, and what it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import orjson

from streamproof.model.errors import UsageError
from streamproof.model.files import new_folder
from streamproof.packs.pack import Pack
from streamproof.packs.parts import import_part

Progress = Callable[[int], object]


class Generator(Protocol):
    """The interface of a pack's generator module. The same seed gives the same bytes.

    `KINDS` are the sets with a size of their own. `SIZED_KINDS` are those of any number of events. A generator without
    `SIZED_KINDS` and `generate_sized` has one of these, `load`, and writes it with `generate_load`.
    """

    KINDS: Sequence[str]
    DEFAULT_SEED: int

    def generate(self, kind: str, out_dir: Path, seed: int) -> Path:
        """Write a set and return the path of its manifest. Raises ValueError for another kind."""

    def generate_load(self, events: int, out_dir: Path, seed: int) -> Path:
        """Write a set that publishes so many records. Raises ValueError for a number that it cannot make."""


class SizedGenerator(Generator, Protocol):
    """A generator with several kinds of sets of any size, which says how far it is."""

    SIZED_KINDS: Sequence[str]

    def generate_sized(self, kind: str, events: int, out_dir: Path, seed: int, *, progress: Progress | None) -> Path:
        """Write a set that publishes so many records; memory does not grow with their number.

        `progress` is called with the number of records written so far. Raises ValueError as `generate_load` does.
        """


LOAD = "load"


def load_generator(pack: Pack) -> Generator:
    """Import a pack's generator. Raises UsageError when the module or one of its parts is missing."""
    generator: Generator = import_part(pack, "generator", ("KINDS", "DEFAULT_SEED", "generate", "generate_load"))
    return generator


def sized_kinds(generator: Generator) -> tuple[str, ...]:
    """Return the kinds of sets that are made with any number of events."""
    return tuple(getattr(generator, "SIZED_KINDS", (LOAD,)))


def write_generated(
    generator: Generator, kind: str, out_dir: Path, seed: int, *, events: int | None, progress: Progress | None = None
) -> Path:
    """Write a set and return the path of its manifest. `events` is the size of a set that may have any.

    A set that is in the folder already is replaced when the new one is whole. Raises UsageError for an unknown kind, a
    size that is missing or not wanted, or one that cannot be made, and for a folder that holds anything but a set.
    """
    sized = sized_kinds(generator)
    kinds = tuple(dict.fromkeys((*generator.KINDS, *sized)))
    if kind not in kinds:
        raise UsageError(f"The generator makes no set '{kind}'.", hint=f"It makes: {', '.join(kinds)}.")
    if (kind in sized) != (events is not None):
        need = "needs --events" if kind in sized else "has a size of its own"
        named = ", ".join(f"`{one}`" for one in sized)
        raise UsageError(
            f"The set `{kind}` {need}; --events belongs to {named}.", hint=f"For example: {sized[0]} --events 400000."
        )
    out_dir = out_dir.expanduser().absolute()
    _require_a_set_or_nothing(out_dir)
    with new_folder(out_dir, replace=True) as work:
        try:
            written = _make(generator, kind, work, seed, events, progress)
        except ValueError as error:
            raise UsageError(str(error), hint="Ask for more events, or another set.") from None
    return out_dir / written.relative_to(work)


def _make(
    generator: Generator, kind: str, folder: Path, seed: int, events: int | None, progress: Progress | None
) -> Path:
    if events is None:
        return generator.generate(kind, folder, seed)
    make: Callable[..., Path] | None = getattr(generator, "generate_sized", None)
    if make is None:
        return generator.generate_load(events, folder, seed)
    return make(kind, events, folder, seed, progress=progress)


def _files_of_set(manifest: Path) -> set[Path] | None:
    """Return a manifest and the files that it names, None when there is no manifest."""
    try:
        data = orjson.loads(manifest.read_bytes())
        sessions = [session for entry in data["scenarios"].values() for session in entry["sessions"]]
        # `files` names what else belongs to a set, for example what is expected of its records.
        names = [*(session["file"] for session in sessions), *data.get("files", ())]
        return {manifest, *(manifest.parent / name for name in names)}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        # A manifest that was spoilt is still that of a set.
        return {manifest}


def _require_a_set_or_nothing(folder: Path) -> None:
    """Raise UsageError when a folder has files that are no part of a fixture set: they would be lost."""
    hint = "Give a folder that does not exist, or holds a set that may be replaced."
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder.", hint=hint)
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    known = _files_of_set(folder / "manifest.json")
    strange = [path for path in files if known is None or not (path.suffix == ".jsonl" or path in known)]
    if strange:
        raise UsageError(f"{folder} is not only a fixture set: it holds {min(strange).relative_to(folder)}.", hint=hint)
