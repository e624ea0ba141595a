"""Review a whole pack without starting anything, and list everything that would stop a run of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamproof.checks.check_files import CheckFiles
from streamproof.checks.contracts.files import Contract
from streamproof.checks.oracle_parts import load_oracle
from streamproof.fixtures.verify import check_fixture_set, hint_for, shown
from streamproof.model.errors import StreamproofError, UsageError, WarehouseError
from streamproof.model.plan import CONSERVATION
from streamproof.model.window import Window
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.pack import Pack
from streamproof.packs.parts import import_part
from streamproof.packs.processors import CommandProcessor
from streamproof.packs.requirements import requirements_file
from streamproof.packs.sources import SOURCE_PARTS
from streamproof.runs.offers import CONTRACT_FILES, pack_offers, require_an_end
from streamproof.runs.processors import job_problems, processor_problems
from streamproof.runs.serving import require_fit
from streamproof.sql.blocks import Block, read_blocks
from streamproof.sql.dialects import Dialect
from streamproof.sql.reading import shown_path
from streamproof.sql.sections import FOLDER as NOTEBOOK
from streamproof.warehouse.registry import warehouse_kind
from streamproof.warehouse.values import SqlReview, SqlText

EXPORT = "export"
_FOLDERS = ("trace", "scenarios", "session", "event", "accounting", NOTEBOOK, EXPORT)
# What a run gives to every check beside the pack's own parameters. Only names and types matter here.
RUN_PARAMETERS: Mapping[str, object] = {
    **Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)).query_parameters(),
    "input_topic": "topic",
    "correlation": "",
    "published_records": 0,
    "published_ids": {},
    "published_by_scenario": {},
    "published_in_window": {},
    "requests_by_repetition": [0],
    "seconds_by_repetition": [0.0],
    "peak_rss_bytes_by_repetition": [0],
    "expected_dlq": {},
    "expected_quarantine": {},
    "expected_ignored": {},
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a pack, and what to do about it."""

    message: str
    hint: str = ""


def review_pack(pack: Pack, home: Path) -> tuple[Problem, ...]:
    """Return everything that is wrong with a pack: its files, SQL, contracts, Python parts and fixture sets.

    The SQL is resolved by the engine itself, without a server. Raises WarehouseError when the engine cannot be used.
    """
    review = _Review(pack, home)
    return tuple(review.problems())


class _Review:
    """The review of one pack. Each part is read by itself, so that one broken file hides no other."""

    def __init__(self, pack: Pack, home: Path) -> None:
        self.pack, self.home = pack, home
        self.files = CheckFiles(pack, home)
        self.found: list[Problem] = []

    def problems(self) -> Iterator[Problem]:
        """Yield the problems, those of pack.yaml first."""
        self._try(self._entity_page)
        for name, processor in self.pack.processors.items():
            self._try(lambda processor=processor: require_an_end(self.pack, processor))  # type: ignore[misc]
            lines = []
            if isinstance(processor, CommandProcessor):
                lines = processor_problems(self.pack, processor)
            elif isinstance(processor, FlinkProcessor):
                lines = job_problems(self.pack, processor)
            self.found += [Problem(f"{self.pack.file}: processors.{name}: {line}.") for line in lines]
        yield from _never_read(self.pack)
        self._try(lambda: requirements_file(self.pack))
        self._try(self._transport)
        checks, others = [*self._suites()], [*self._queries(), *self._oracle()]
        blocks = [*checks, *others]
        offered = pack_offers(self.pack)
        contracts = (self._try(lambda: self.files.contracts) or ()) if CONTRACT_FILES in offered else ()
        texts = [_text(block, count="failed_rows") for block in checks] + [_text(block) for block in others]
        texts += [_text(mutation) for block in blocks for mutation in block.mutations]
        texts += [text for contract in contracts for text in _contract_texts(contract, self.pack.dialect)]
        yield from self.found
        yield from _unknown_parameters(self.pack, blocks)
        reviewed = self._try(lambda: self._reviewed(texts))
        if reviewed:
            yield from (Problem(f"{source}: {message}") for source, message in reviewed.problems)
            if reviewed.objects:
                yield from _absent_tables(self.pack, contracts, reviewed.objects)
        else:
            yield self.found[-1]
        yield from self._fixtures()

    def _try(self, read: Callable[[], Any]) -> Any:
        """Return what `read` returns. When the pack is at fault, keep the problem and return None."""
        try:
            return read()
        except WarehouseError:
            # The engine cannot be used: that says nothing about the pack.
            raise
        except StreamproofError as error:
            self.found.append(Problem(error.message, error.hint))
            return None

    def _transport(self) -> None:
        """Raise UsageError when the kind of transport or the module of the source does not fit."""
        require_fit(self.pack)
        if self.pack.source:
            import_part(self.pack, "source", SOURCE_PARTS)

    def _entity_page(self) -> None:
        """Raise UsageError when a section of the entities' page has no projection."""
        page = self.pack.entities.page if self.pack.entities else None
        names = [projection.name for projection in self.files.projections] if page else []
        for section in page.sections if page else ():
            if section.table not in names:
                raise UsageError(
                    f"{self.pack.file}: entities.page: section '{section.title}' names `{section.table}`, which is no "
                    "projection.",
                    hint=f"A page shows what a run saves: {', '.join(names) or 'add queries to sql/content'}.",
                )

    def _suites(self) -> Iterator[Block]:
        for suite in (*self.pack.suites, CONSERVATION):
            yield from self._try(lambda suite=suite: self.files.suite(suite)) or ()  # type: ignore[misc]
            yield from self._try(lambda suite=suite: self.files.diagnostics(suite)) or ()  # type: ignore[misc]

    def _queries(self) -> Iterator[Block]:
        yield from (projection.block for projection in self._try(lambda: self.files.projections) or ())
        for folder in _FOLDERS:
            own = self.pack.export.events if self.pack.export and folder == EXPORT else ()
            named = {self.pack.sql_dir / file for file in own}
            for file in sorted({*(self.pack.sql_dir / folder).glob("*.sql"), *named}):
                yield from self._try(lambda file=file: self._blocks(file)) or ()  # type: ignore[misc]

    def _blocks(self, file: Path) -> tuple[Block, ...]:
        return read_blocks(file, shown_as=shown_path(file, self.home), dialect=self.pack.dialect)

    def _oracle(self) -> Iterator[Block]:
        if not self.pack.oracle:
            return
        self._try(lambda: load_oracle(self.pack))
        sql = self._try(lambda: self.files.oracle_sql) if self.pack.entities else None
        if sql:
            yield from (*sql.checks.values(), sql.evidence)
        self._try(lambda: self.files.parity)

    def _reviewed(self, texts: list[SqlText]) -> SqlReview:
        known = {**RUN_PARAMETERS, **self.pack.query_parameters}
        return warehouse_kind(self.pack.warehouse).review_sql(self.pack.sql_dir / "schema", texts, known)

    def _fixtures(self) -> Iterator[Problem]:
        default = self.pack.default_fixture_set
        if default and default not in self.pack.fixture_sets:
            folder = self.pack.fixtures_dir
            yield Problem(
                f"{self.pack.file}: default_fixture_set: there is no {folder / default}.",
                f"The sets there: {', '.join(self.pack.fixture_sets) or 'none'}.",
            )
        for name in self.pack.fixture_sets:
            try:
                report = check_fixture_set(self.pack.manifest(name), rules=self.pack.replay)
            except StreamproofError as error:
                yield Problem(error.message, error.hint)
            else:
                if report.problems:
                    yield Problem(f"Fixture set {name}: {shown(report.problems)}", hint_for(report))


def _never_read(pack: Pack) -> Iterator[Problem]:
    """Yield a problem for each folder of checks that is no suite of the pack, and for each check in no folder."""
    suites = {*pack.suites, CONSERVATION}
    for kind in ("assertions", "diagnostics"):
        for file in sorted((pack.sql_dir / kind).glob("*.sql")):
            yield Problem(f"{file} is in no suite, so no run reads it.", "Move it into the folder of a suite.")
        for folder in sorted({file.parent for file in (pack.sql_dir / kind).glob("*/*.sql")}):
            if folder.name not in suites:
                yield Problem(
                    f"{pack.file}: suites does not name '{folder.name}', so no run reads {folder}.",
                    f"Write `suites: [{', '.join((*pack.suites, folder.name))}]`, or remove the folder.",
                )


def _text(block: Block, *, count: str = "") -> SqlText:
    return SqlText(f"{block.source}:{block.line}", block.sql, block.parameters, count)


def _contract_texts(contract: Contract, dialect: Dialect) -> Iterator[SqlText]:
    """Yield the statements of a contract: one that reads every column which it names, and its mutations."""
    named = [contract.time, *contract.identify, *contract.session, *contract.leave_out]
    named += [str(check.kwargs["column"]) for check in contract.checks if "column" in check.kwargs]
    stored = dict.fromkeys(name for name in named if name and name not in contract.computed)
    columns = [*map(dialect.identifier, stored), *contract.computed.values()]
    source = str(contract.file)
    yield SqlText(source, f"SELECT {', '.join(columns)} FROM {dialect.identifier(contract.table)}")  # noqa: S608 - the pack's own names
    for check in contract.checks:
        for mutation in check.mutations:
            if len(mutation.statements) == 1:
                yield SqlText(f"{source}, {check.name}", mutation.statements[0])


def _unknown_parameters(pack: Pack, blocks: list[Block]) -> Iterator[Problem]:
    """Yield a problem for each test with a parameter that neither a run nor the pack gives."""
    known = RUN_PARAMETERS.keys() | pack.query_parameters.keys()
    for block in blocks:
        if block.mutations and (unknown := sorted(block.parameter_names - known)):
            yield Problem(
                f"{block.source}:{block.line}: there is no parameter {', '.join(unknown)}.",
                f"Give it in `parameters:` of pack.yaml. A run gives: {', '.join(RUN_PARAMETERS)}.",
            )


def _absent_tables(pack: Pack, contracts: tuple[Contract, ...], objects: frozenset[str]) -> Iterator[Problem]:
    """Yield a problem for each table that pack.yaml or a contract names and the schema does not have."""
    accounting = pack.accounting
    named = {f"layers.{layer}": tables for layer, tables in pack.layers.items()}
    named["accounting.drained.settled_tables"] = accounting.drained.settled_tables
    named["accounting.raw"] = (accounting.raw.table,) if accounting.raw else ()
    named["accounting.dispositions"] = (accounting.dispositions.table,) if accounting.dispositions else ()
    named["accounting.ids"] = accounting.ids.table_names if accounting.ids else ()
    named["family_columns"] = tuple(pack.family_columns)
    for key, tables in named.items():
        for table in sorted(set(tables) - objects):
            yield Problem(f"{pack.file}: {key}: the schema has no table or view `{table}`.")
    for contract in contracts:
        if contract.table not in objects:
            yield Problem(f"{contract.file}: the schema has no table or view `{contract.table}`.")
