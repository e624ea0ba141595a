"""The key `source:` of a pack.yaml: a pack whose pipeline fetches what the run serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import UsageError
from streamproof.packs.parts import import_part
from streamproof.packs.processors import CommandProcessor

if TYPE_CHECKING:
    from streamproof.packs.pack import Pack, PackFile

# What the module of a source must define: the app that serves files, and the reader of the records in a file.
SOURCE_PARTS = ("make_app", "read_records")
# The folder beside pack.yaml with plans of faults, which are given by name.
FAULTS = "faults"


def client_files(pack: Pack, files: Mapping[str, Path]) -> dict[str, str]:
    """Return the texts that the pipeline needs to fetch these files, by path, such as a job that asks for all of them.

    The pack's source makes them with `client_files`; a source without that function has none. Raises UsageError, also
    for a path that is not below a folder.
    """
    module = import_part(pack, "source", SOURCE_PARTS)
    make = getattr(module, "client_files", None)
    found: dict[str, str] = dict(make(files)) if make else {}
    for name in found:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise UsageError(
                f"The source of pack '{pack.name}' makes a file `{name}`, which is no path below a folder.",
                hint="`client_files` returns texts by path: see docs/write-a-pack.md.",
            )
    return found


def read_records(pack: Pack, file: Path) -> Iterable[Any]:
    """Return the records in a file of a fixture set, as the pack's source reads them. Raises UsageError."""
    records: Iterable[Any] = import_part(pack, "source", SOURCE_PARTS).read_records(file)
    return records


def problems_of(pack: Pack, files: Mapping[str, Path]) -> Iterable[str]:
    """Return what is wrong with the files of a set together, a sentence each. Raises UsageError.

    The pack's source says it with `problems`; a source without that function takes any files that it can read.
    """
    find = getattr(import_part(pack, "source", SOURCE_PARTS), "problems", None)
    found: Iterable[str] = find(files) if find else ()
    return found


def require_lines(pack: Pack) -> None:
    """Raise UsageError for a pack whose files are no lines of JSON, which a command could read and write."""
    if pack.source:
        raise UsageError(
            f"The files of pack '{pack.name}' are served as they are; this command is for files of JSON lines.",
            hint="Make a set of them by hand: a manifest.json that names the files (docs/fixtures.md).",
        )


def unfit_key(content: PackFile) -> str:
    """Return what does not fit a pack that serves, or one that does not, as the text of an error; '' for nothing.

    A pack that serves has no topics, so it can have nothing that is about records in topics.
    """
    for name, processor in content.processors.items():
        if isinstance(processor, CommandProcessor) and max(processor.repeat_arguments, default=0) > content.repeat:
            return f"processor `{name}` has `repeat_arguments` of a run that `repeat` does not make"
    if not content.source:
        fits = content.repeat == 1
        return "" if fits else "`repeat` is for a pack with a `source`: its pipeline ends, and can run again"
    accounting = content.accounting
    about_topics = {
        "topics": content.topics,
        "dead_letters": content.dead_letters,
        "correlation": content.correlation,
        "accounting.raw": accounting.raw,
        "accounting.dispositions": accounting.dispositions,
        "accounting.drained.consumer_groups": accounting.drained.consumer_groups,
        "accounting.ids.path": accounting.ids and accounting.ids.path,
        "accounting.ids.reject_topics": accounting.ids and accounting.ids.reject_topics,
    }
    for key, value in about_topics.items():
        if value:
            return f"names a `source`, which serves files, so `{key}` has no meaning"
    for name, processor in content.processors.items():
        if not isinstance(processor, CommandProcessor) or not processor.ends:
            return f"names a `source`: processor `{name}` must be a command with `ends: true`, which fetches and ends"
        if processor.ready:
            return f"names a `source`: `ready` of processor `{name}` has no meaning, because the run waits for its end"
    return ""
