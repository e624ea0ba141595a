"""The key `source:` of a pack.yaml: a pack whose pipeline fetches what the run serves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import StackError, UsageError
from streamproof.model.settings import ServiceSettings, rest_url
from streamproof.packs.parts import import_part
from streamproof.packs.processors import CommandProcessor
from streamproof.packs.strict import Strict

if TYPE_CHECKING:
    from streamproof.packs.pack import Pack, PackFile

# What the module of a source must define: the app that serves files, and the reader of the records in a file.
SOURCE_PARTS = ("make_app", "read_records")
# The folder beside pack.yaml with plans of faults, which are given by name.
FAULTS = "faults"
# What a run on the service itself may cost, in the currency of the service. Without it, nothing.
COST_LIMIT = "STREAMPROOF_COST_LIMIT"
_ASKED = "It was asked before anything was fetched. Check its address, the key and the files of the manifest."


class ServiceVariables(Strict):
    """The environment variables that name the service itself: its base URL, its key, and a file of authorities."""

    url: str
    key: str
    ca_file: str = ""

    def read(self, environ: Mapping[str, str]) -> ServiceSettings | None:
        """Return the service that the variables name, None when `url` is not set.

        A key alone selects nothing: it may be there for other programs, and a fetch may cost money. Raises UsageError
        for a base URL without a key, or one that is no https URL, and for a limit that is no number.
        """
        url, key = environ.get(self.url, "").strip(), environ.get(self.key, "").strip()
        if not url:
            return None
        if not key:
            raise UsageError(
                f"{self.url} names a service, and there is no key for it.",
                hint=f"Set {self.key}, or unset {self.url} to fetch from a source on this machine.",
            )
        try:
            address = rest_url(url)
        except ValueError as error:
            raise UsageError(f"{self.url} is no address of a service: {error}.", hint="Give https://HOST.") from None
        if not address.startswith("https://"):
            raise UsageError(f"{self.url} does not begin with https://.", hint="The key must not be read on the way.")
        ca_file = environ.get(self.ca_file, "").strip() if self.ca_file else ""
        return ServiceSettings(address, key, ca_file, _limit(environ.get(COST_LIMIT, "").strip()))


def _limit(text: str) -> float:
    try:
        limit = float(text or 0)
    except ValueError:
        limit = math.nan
    if not 0 <= limit < math.inf:
        raise UsageError(f"{COST_LIMIT} is '{text}'.", hint="It is a number, 0 or more: what a run may cost.")
    return limit


def named_service(pack: Pack, environ: Mapping[str, str]) -> ServiceSettings | None:
    """Return the service itself, where the pack has one and its variables name it. Raises UsageError."""
    return pack.service.read(environ) if pack.service else None


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


def service_cost(pack: Pack, files: Mapping[str, Path], service: ServiceSettings) -> tuple[float, str]:
    """Return what the service charges for a run that fetches these files, and a sentence that says it.

    The pack's source asks the service with `service_cost`. Raises UsageError when the service refuses the question,
    StackError when it does not answer.
    """
    ask = import_part(pack, "source", (*SOURCE_PARTS, "service_cost")).service_cost
    try:
        amount, sentence = ask(files, service.url, service.key)
    except ValueError as error:
        raise UsageError(f"{service.url} does not say what the run will cost: {error}", hint=_ASKED) from None
    except OSError as error:
        raise StackError(f"{service.url} does not answer: {type(error).__name__}.", hint=_ASKED) from None
    return float(amount), str(sentence)


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
        return _without_source(content)
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


def _without_source(content: PackFile) -> str:
    if content.repeat > 1:
        return "`repeat` is for a pack with a `source`: its pipeline ends, and can run again"
    return "`service` is for a pack with a `source`, whose place it takes" if content.service else ""
