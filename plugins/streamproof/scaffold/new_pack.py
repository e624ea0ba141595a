"""Make a new pack: import the events, infer what they are, and write everything that a run needs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.fixtures.importing.records import Record
from streamproof.fixtures.inference.model import Inferred
from streamproof.fixtures.inference.names import path_of, path_text
from streamproof.fixtures.plain_values import why_no_event
from streamproof.model.errors import FixtureError, UsageError
from streamproof.packs.loading import Packs, read_pack
from streamproof.scaffold.importing import Imported, infer_and_write
from streamproof.scaffold.placing import Place, building, place_for
from streamproof.scaffold.texts import pack_yaml, readme
from streamproof.warehouse.registry import warehouse_kind
from streamproof.warehouse.values import MadePack

WAREHOUSE, COMMAND = "warehouse", "command"
PROCESSORS = (WAREHOUSE, COMMAND)
NO_TYPE = "none"
SET = "captured"
KIND = "clickhouse"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class NewPackRequest:
    """What the user asked for.

    `source` says where the events come from, for the README. `type_field` is the path of the field that holds an
    event's type, as `path_text` writes it; `none` for events of one kind, None to choose it. `processor` is
    `warehouse` or `command`.
    """

    name: str
    source: str
    type_field: str | None = None
    processor: str = WAREHOUSE


@dataclass(frozen=True, slots=True)
class NewPack:
    """A pack that was made. `events` counts the records of the fixture set, `problems` those that are no events.

    `program` is where the user's own program goes, None for a pack whose warehouse does the work.
    """

    name: str
    folder: Path
    manifest: Path
    events: int
    problems: Mapping[str, int]
    type_field: str
    made: MadePack
    other_types: bool
    window: Mapping[str, str]
    program: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "pack": self.name,
            "folder": str(self.folder),
            "manifest": str(self.manifest),
            "program": str(self.program) if self.program else None,
            "events": self.events,
            "rejects": dict(self.problems),
            "type_field": self.type_field or None,
            "window": dict(self.window),
            "tables": [
                {
                    "table": table.name,
                    "type": table.event_type,
                    "events": table.events,
                    "key": list(table.key),
                    "time": table.time or None,
                    "columns": {column.name: column.type for column in table.columns},
                }
                for table in self.made.tables
            ],
        }


def require_request(request: NewPackRequest, packs: Packs) -> Place:
    """Check a request before anything is read, and return where the pack goes. Raises UsageError."""
    if not _NAME.fullmatch(request.name):
        raise UsageError(
            f"'{request.name}' is no name for a pack.",
            hint="Use at most 40 lower-case letters, digits and underscores, and begin with a letter.",
        )
    if request.processor not in PROCESSORS:
        raise UsageError(
            f"There is no kind of processor '{request.processor}' for a new pack.",
            hint=f"Choose one of: {', '.join(PROCESSORS)}.",
        )
    return place_for(request.name, packs)


def make_new_pack(request: NewPackRequest, records: Iterable[Record], packs: Packs) -> NewPack:
    """Make a pack of these records. Nothing is left when it fails.

    Raises UsageError for a bad request, FixtureError for records of which none is an event.
    """
    place = require_request(request, packs)
    stream = iter(records)
    # A file that cannot be read is refused before a folder is made.
    first = next(stream, None)
    if first is None:
        raise FixtureError(f"{request.source} holds no event.", hint="Give a source with at least one event.")
    with building(place) as work:
        imported = infer_and_write(
            itertools.chain([first], stream), work / "fixtures" / SET, type_path=_type_path(request)
        )
        inference, writer = imported.inference, imported.writer
        inferred = _require_events(request, imported)
        if times := inference.time_range(inferred):
            for milliseconds in times:
                writer.include(milliseconds)
        window = writer.finish()
        rules = inference.rules()
        made = warehouse_kind(KIND).make_pack(inferred, rules, by_warehouse=request.processor == WAREHOUSE)
        for path, text in made.files.items():
            _write(work / path, text)
        _write(work / "pack.yaml", pack_yaml(request, place, inferred, rules, made))
        _write(work / "README.md", readme(request, place, inferred, rules, made, writer.events))
        # What was written must be a pack: a fault is found here, not by the user's first run.
        read_pack(work / "pack.yaml", packs.home)
    return NewPack(
        name=request.name,
        folder=place.folder,
        manifest=place.target_of("fixtures") / SET / "manifest.json",
        events=writer.events,
        problems=inferred.problems,
        type_field=path_text(rules.type),
        made=made,
        other_types=inference.other_types,
        window=window,
        program=place.python_dir / place.program if request.processor == COMMAND else None,
    )


def _type_path(request: NewPackRequest) -> tuple[str, ...] | None:
    if request.type_field is None:
        return None
    return () if request.type_field == NO_TYPE else path_of(request.type_field)


def _require_events(request: NewPackRequest, imported: Imported) -> Inferred:
    """Return what was inferred. Raises FixtureError without an event, UsageError for a type field that no event has."""
    inferred = imported.inference.inferred(warehouse_kind(KIND).reserved_columns)
    if not inferred.families:
        raise _no_event(request.source, imported)
    if inferred.type_path and all(family.event_type is None for family in inferred.families):
        names = ", ".join(dict.fromkeys(path_text(c.path) for f in inferred.families for c in f.columns if c.path))
        raise UsageError(
            f"{request.source}: no event has a field '{path_text(inferred.type_path)}' with a type.",
            hint=f"Fields are: {names[:300]}. `--type-field {NO_TYPE}` takes all events for one kind.",
        )
    return inferred


def _no_event(source: str, imported: Imported) -> FixtureError:
    """Return the error about records of which none is an event, with the reason for the first of the usual problem."""
    problems = imported.inference.problems
    counts = ", ".join(f"{number} {problem}" for problem, number in sorted(problems.items())) or "no values"
    reason, hint = "", ""
    if problems:
        first = imported.first[problems.most_common(1)[0][0]]
        said, hint = why_no_event(first.value or b"")
        reason = f" {source}:{first.line}: {said}."
    return FixtureError(
        f"{source}: none of the records is an event, which is a JSON object ({counts}).{reason}",
        hint=hint or "Formats that are read: JSON Lines, a JSON array, kcat -J, console consumer, CSV, Parquet.",
    )


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
