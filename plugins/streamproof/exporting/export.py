"""Export a fixture set: find candidates, read their records in batches, and write each entity's file as it is read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamproof.exporting.candidates import Candidate, Discovery, batches, candidate_queries, discover, require_all
from streamproof.exporting.folder import FileNames, SessionWriter
from streamproof.exporting.lines import line_of
from streamproof.exporting.manifest import Exported, write_manifest
from streamproof.exporting.records import ExportedRecord, records_of
from streamproof.exporting.request import ExportRequest, export_of
from streamproof.exporting.sql_files import read_queries, require_objects
from streamproof.fixtures.lines import BadLineError
from streamproof.model.files import new_folder
from streamproof.packs.pack import Pack
from streamproof.redaction.redactor import Redactor
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse

# Called with the entities that are done, all entities, and the events written so far.
Progress = Callable[[int, int, int], None]
NO_RECORD = "the raw table holds no record of it any more"


@dataclass(slots=True)
class Export:
    """One export. `source` says where the warehouse is, without secrets. Without a `redactor`, nothing is replaced."""

    warehouse: Warehouse
    pack: Pack
    request: ExportRequest
    home: Path
    source: Mapping[str, Any]
    redactor: Redactor | None = None
    progress: Progress = lambda _done, _of, _events: None
    _names: FileNames = field(default_factory=FileNames)
    _queries: tuple[Block, ...] = ()

    def run(self) -> Exported:
        """Write the set and return what is in it. Nothing is left when it fails.

        Raises UsageError for a folder that exists, a window without candidates or a warehouse of another pack;
        MissingScenarioError, SqlSourceError and WarehouseError.
        """
        folder = self.pack.sql_dir
        files = export_of(self.pack).events
        read = (read_queries(folder / file, self.home, self.pack.dialect) for file in files)
        self._queries = tuple(query for queries in read for query in queries)
        finding = candidate_queries(self.pack, self.request, self.home)
        layers = [name for tables in self.pack.layers.values() for name in tables]
        shapes = self.warehouse.shapes(layers)
        require_objects(self.warehouse, self.pack, (*finding, *self._queries), shapes)
        with new_folder(self.request.out) as work:
            found = discover(self.warehouse, self.pack, self.request, finding)
            exported = Exported(found, shapes)
            self._write_files(work, found, exported)
            empty = [name for name, count in found.counts.items() if count and not exported.entries(name)]
            require_all(empty, self.request, why=f"no candidate can be exported: {NO_RECORD}")
            write_manifest(
                work, self.pack, self.request, self._shown_source(), exported, redacted=self.redactor is not None
            )
        return exported

    def _write_files(self, work: Path, found: Discovery, exported: Exported) -> None:
        done = 0
        for batch in batches(found.candidates):
            records = records_of(self.warehouse, self._queries, batch, self.request.parameters())
            # An entity without records has no group. Its turn is over when the next one begins.
            by_entity = itertools.groupby(records, key=lambda record: record.entity)
            pending = iter(enumerate(batch))
            for number, group in by_entity:
                for position, candidate in pending:
                    if position == number:
                        self._write_entity(work, candidate, group, exported)
                        break
                    exported.leave_out(candidate, NO_RECORD)
                self.progress(done + number + 1, len(found.candidates), exported.events)
            for _, candidate in pending:
                exported.leave_out(candidate, NO_RECORD)
            done += len(batch)
            self.progress(done, len(found.candidates), exported.events)

    def _write_entity(
        self, work: Path, candidate: Candidate, records: Iterable[ExportedRecord], exported: Exported
    ) -> None:
        """Write the file of one entity. One without an own record is left out: its context alone shows nothing."""
        rules = self.pack.replay
        entry = self._redacted_entry(candidate)
        shown = rules.id_of(entry)
        head = {"__table": rules.event_table, "__scenario": candidate.scenario, f"__{rules.id_field}": candidate.id}
        own = 0
        with SessionWriter(work, self._names.of(candidate.scenario, shown), rules.event_table) as writer:
            for record in records:
                try:
                    line, parsed = line_of(record, head, rules)
                except BadLineError as error:
                    exported.leave_out_record(candidate, record, str(error))
                    continue
                writer.add(self._redacted_line(line), parsed.event_type)
                own += record.query == 0
                exported.include(record.ms)
        if own:
            exported.add(candidate, {**entry, **writer.entry()})
        else:
            (work / writer.file).unlink()
            exported.leave_out(candidate, NO_RECORD)

    def _redacted_entry(self, candidate: Candidate) -> dict[str, Any]:
        rules = self.pack.replay
        entry = {rules.id_field: candidate.id, **dict(zip(rules.id_parts, candidate.parts, strict=True))}
        return entry if self.redactor is None else self.redactor.session(entry)

    def _redacted_line(self, line: bytes) -> bytes:
        return line if self.redactor is None else self.redactor.line_text(line.decode()).encode()

    def _shown_source(self) -> Mapping[str, Any]:
        return self.source if self.redactor is None else self.redactor.fields(self.source)
