"""Where the rows of the notebook come from: what the run saved in its folder, or a warehouse that is up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from streamproof.checks.query_pack import run_queries
from streamproof.checks.session_trace import read_session_queries, trace_session
from streamproof.model.errors import UsageError
from streamproof.model.results import StageResult
from streamproof.notebook.saved_entities import entity_tables
from streamproof.runs.context import RunContext
from streamproof.stages.judging.query_pack import trace_queries
from streamproof.stages.publishing.notebook_sections import MOST_ROWS, ask_scenarios, ask_sections, read_sections_of

# The rows of one query or table: {name, columns, rows, total_rows, error, skipped}; a section also has its title.
Entry = Mapping[str, Any]


class Rows(Protocol):
    """The rows that the sections of the notebook show."""

    @property
    def source(self) -> str:
        """Return the sentence that says where the rows come from."""

    def trace(self) -> Sequence[Entry]:
        """Return the rows of the pack's trace queries, in their order."""

    def sections(self) -> Sequence[Entry]:
        """Return the rows of the pack's notebook sections, in the order of their files."""

    def scenarios(self) -> Sequence[Entry]:
        """Return the newest entities of each scenario."""

    def entities(self, ids: Sequence[str]) -> Mapping[str, Sequence[Entry]]:
        """Return what each layer holds of these entities, by id."""


@dataclass(frozen=True, slots=True)
class SavedRows:
    """The rows that a run saved. `document` is its notebook.json."""

    ctx: RunContext
    results: Mapping[str, StageResult]
    document: Mapping[str, Any]

    @property
    def source(self) -> str:
        """Return the sentence that says where the rows come from."""
        return "The rows are those that the run saved before its stack was taken down."

    def trace(self) -> Sequence[Entry]:
        """Return the rows of the pack's trace queries, as stage `query_pack` has kept them."""
        result = self.results.get("query_pack")
        return tuple(result.details.get("queries") or ()) if result else ()

    def sections(self) -> Sequence[Entry]:
        """Return the rows of the pack's notebook sections."""
        return tuple(self.document["sections"])

    def scenarios(self) -> Sequence[Entry]:
        """Return the newest entities of each scenario."""
        return tuple(self.document["scenarios"])

    def entities(self, ids: Sequence[str]) -> Mapping[str, Sequence[Entry]]:
        """Return the entities' rows in the saved tables, those that a page of the entity shows."""
        return entity_tables(self.ctx, ids)


@dataclass(frozen=True, slots=True)
class LiveRows:
    """The rows of the run's warehouse, which is still up, or of the warehouse that the run observed."""

    ctx: RunContext

    @property
    def source(self) -> str:
        """Return the sentence that says where the rows come from."""
        settings = self.ctx.database_settings()
        return f"The rows are read from database {settings.database} on {settings.host}:{settings.port}."

    def trace(self) -> Sequence[Entry]:
        """Run the pack's trace queries for the run's window. Raises SqlSourceError, WarehouseError."""
        with self.ctx.warehouse() as warehouse:
            results = run_queries(warehouse, trace_queries(self.ctx), self.ctx.window.query_parameters())
        return tuple(result.as_json() for result in results)

    def sections(self) -> Sequence[Entry]:
        """Run the queries of the pack's notebook sections. Raises SqlSourceError, WarehouseError."""
        sections = read_sections_of(self.ctx.pack, self.ctx.home)
        with self.ctx.warehouse() as warehouse:
            return ask_sections(warehouse, sections, self.ctx.window.query_parameters(), most_rows=MOST_ROWS)

    def scenarios(self) -> Sequence[Entry]:
        """Run the pack's scenario queries. Raises SqlSourceError, WarehouseError."""
        with self.ctx.warehouse() as warehouse:
            return ask_scenarios(warehouse, self.ctx.pack, self.ctx.home, self.ctx.window.query_parameters())

    def entities(self, ids: Sequence[str]) -> Mapping[str, Sequence[Entry]]:
        """Run the pack's session queries for each entity. Empty for a pack without any.

        Raises SqlSourceError, WarehouseError. An entity that the warehouse does not have has no rows.
        """
        folder, found = self.ctx.sql_dir / "session", {}
        if not any(folder.glob("*.sql")):
            return {}
        queries = read_session_queries(folder, home=self.ctx.home, dialect=self.ctx.pack.dialect)
        with self.ctx.warehouse() as warehouse:
            for entity in ids:
                try:
                    trace = trace_session(warehouse, queries, entity, run_only_tables=self.ctx.pack.run_only_tables)
                except UsageError:
                    found[entity] = ()
                else:
                    found[entity] = tuple(trace.as_json()["layers"])
        return found
