"""A database for a mutant's output for one set: rows of the core or views of the schema. Checks run in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.detection.core import Rows
from benchmarks.detection.sets import EventSet
from benchmarks.detection.sql_mutants import dependents, view_statements
from streamproof.model.errors import StreamproofError, WarehouseError
from streamproof.model.plan import CONTRACTS
from streamproof.model.results import Status
from streamproof.proving.mutations import Prover, Subject
from streamproof.warehouse.clickhouse.client import connect, execute, refusals, rows
from streamproof.warehouse.clickhouse.database import Database
from streamproof.warehouse.clickhouse.migrations import LEDGER, apply_migrations
from streamproof.warehouse.clickhouse.view_cache import drop_cache_of

VARIABLES = {"kafka": False, "retention": False}
# Tables that the processor does not write: they are the same for every mutant.
COPIED = ("streaming_events", "replay_ledger", "service_log_lines")
# Times of writing and reading, and numbers of versions and rows, which are not content.
LEFT_OUT = frozenset({"ingestion_timestamp", "checked_at", "lag_minutes", "version", "latest_version", "row_ordinal"})

_TABLES = """
SELECT name, engine, as_select, create_table_query AS definition
FROM system.tables
WHERE database = currentDatabase() AND name != {ledger:String}
"""
_COLUMNS = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {name:String}"
_DIGEST = "SELECT count(), sum(cityHash64(formatRow('RowBinary', {columns}))) FROM {source} SETTINGS {settings}"
# A sum of fractions depends on the order of the rows, which is deterministic only with one thread.
_STEADY = "max_threads = 1"
_INSERT = {"insert_deduplicate": 0, "input_format_parallel_parsing": 0}
_TARGET = re.compile(r"\bTO\s+(?:`?\w+`?\.)?`?(\w+)`?")


class MutantDatabase:
    """A separate database for a set's run, which is loaded for each mutant. Only the differences are loaded."""

    def __init__(self, event_set: EventSet, name: str, schema: Path) -> None:
        """Create the database with the migrations of folder `schema`. Raises WarehouseError."""
        settings = event_set.ctx.database_settings()
        server = connect(settings)
        try:
            execute(server, "DROP DATABASE IF EXISTS {name:Identifier} SYNC", {"name": name})
            drop_cache_of(server, name)
            execute(server, "CREATE DATABASE {name:Identifier}", {"name": name})
        finally:
            server.close()
        self.client = connect(settings.using(name))
        self.database = Database(self.client, settings.using(name))
        self.views = self.database.views
        self._statements = view_statements(schema, VARIABLES)
        self._loaded: dict[str, tuple[tuple[str, ...], list[bytes]]] = {}
        self._digests: dict[str, str] = {}
        try:
            apply_migrations(self.client, schema, VARIABLES)
            for table in COPIED:
                source = f"`{settings.database}`.`{table}`"
                execute(self.client, f"ALTER TABLE `{table}` ATTACH PARTITION ALL FROM {source}")
            tables = rows(self.client, _TABLES, {"ledger": LEDGER})
        except BaseException:
            self.drop()
            raise
        self.engines = {str(row["name"]): str(row["engine"]) for row in tables}
        self.definitions = {str(row["name"]): str(row["as_select"]) for row in tables}
        self._targets = {
            str(row["name"]): match[1]
            for row in tables
            if row["engine"] == "MaterializedView" and (match := _TARGET.search(str(row["definition"])))
        }

    def load(self, found: Rows) -> None:
        """Load these rows into the tables, as if the sink had written them all. Raises WarehouseError."""
        names = self._loaded.keys() | {name for name, (_, lines) in found.items() if lines}
        stale = {name for name in names if found.get(name) != self._loaded.get(name)}
        for name in sorted(stale):
            self._loaded.pop(name, None)
            for table in (name, *self._fed_by(name)):
                execute(self.client, f"TRUNCATE TABLE `{table}`")
                self._forget(table)
        for name in sorted(stale & found.keys()):
            columns, lines = found[name]
            with refusals(f"The rows of {name} were refused", hint="A run would have ended here."):
                self.client.raw_insert(
                    name, list(columns), b"\n".join(lines), fmt="JSONCompactEachRow", settings=_INSERT
                )
            self._loaded[name] = found[name]

    def _fed_by(self, table: str) -> list[str]:
        """Return the tables that materialized views fill from this one; each is filled from one table only."""
        fed = [target for view, target in self._targets.items() if table in re.findall(r"\w+", self.definitions[view])]
        return [table for target in fed for table in (target, *self._fed_by(target))]

    def _forget(self, name: str) -> None:
        """Invalidate the cached content of an object and of the views over it."""
        over = {name, *dependents(name, self.definitions)}
        self.views.forget(over)
        for stale in over:
            self._digests.pop(stale, None)

    @contextmanager
    def view_changed(self, name: str, statement: str) -> Iterator[None]:
        """Replace the definition of one view for the duration of the block. Raises WarehouseError."""
        try:
            self._remake(name, statement)
            yield
        finally:
            self._remake(name, self._statements[name])

    def _remake(self, name: str, statement: str) -> None:
        """Create a view again, then all views over it in the order of the schema. Rows that it feeds are reloaded."""
        if name in self._targets:
            sources = [table for table in self._loaded if self._targets[name] in self._fed_by(table)]
            for source in sources:
                self._loaded[source] = ((), [])
        self._forget(name)
        over = dependents(name, self.definitions)
        for other in (name, *over):
            execute(self.client, f"DROP TABLE IF EXISTS `{other}` SYNC")
        for other, own in self._statements.items():
            if other == name or other in over:
                execute(self.client, statement if other == name else own)

    def content(self) -> dict[str, str]:
        """Return a digest of the rows of every table and view by name, or the error if it cannot be read.

        Views are cached afterwards, for the checks to read.
        """
        objects = {name: engine for name, engine in self.engines.items() if engine != "MaterializedView"}
        self.views.take({name for name, engine in objects.items() if engine == "View"})
        for name in objects.keys() - self._digests.keys():
            try:
                self._digests[name] = self._digest(name)
            except WarehouseError as error:
                self._digests[name] = error.message
        return dict(self._digests)

    def _digest(self, name: str) -> str:
        columns = [
            f"finalizeAggregation(`{row['name']}`)"
            if row["type"].startswith("AggregateFunction")
            else f"`{row['name']}`"
            for row in rows(self.client, _COLUMNS, {"name": name})
            if row["name"] not in LEFT_OUT
        ]
        final = " FINAL" if self.engines[name].startswith(("Replacing", "Aggregating")) else ""
        source = f"`{self.views.database}`.`{name}`" if name in self.views.names else f"`{name}`{final}"
        return str(rows(self.client, _DIGEST.format(columns=", ".join(columns), source=source, settings=_STEADY))[0])

    def first_failure(self, prover: Prover, changed: Collection[str]) -> str | None:
        """Run the checks that read a changed object, quick ones first. Return the name of the first that fails."""
        for subject in sorted(prover.readers(changed), key=_cost):
            if failed := self.failures(subject):
                return failed[0]
        return None

    def failures(self, subject: Subject) -> list[str]:
        """Return the checks of a subject that fail in this database, each as `suite.check`."""
        try:
            results = subject.run(self.database)
        except StreamproofError as error:
            return [f"{subject.suite}: {error.message}"]
        return [f"{r.suite}.{r.name}" for r in results if r.status in (Status.FAILED, Status.ERRORED)]

    def drop(self) -> None:
        """Drop the database and close its client. Raises WarehouseError."""
        try:
            drop_cache_of(self.client, str(self.client.database))
            execute(self.client, "DROP DATABASE {name:Identifier} SYNC", {"name": str(self.client.database)})
        finally:
            self.client.close()


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> frozenset[str]:
    """Return the objects whose content differs."""
    return frozenset(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def _cost(subject: Subject) -> int:
    """Return the sort key of a subject: SQL first, then checks computed in Python, contracts last."""
    return 2 * (subject.suite == CONTRACTS) + subject.compares_all
