"""The files of a pack's checks. A process reads each file once: planning and the stages share what was read."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from streamproof.checks.contracts.files import Contract, load_contracts
from streamproof.checks.oracle_parts import OracleSql, read_oracle_sql
from streamproof.checks.parity_map import ParityObject, read_parity
from streamproof.model.plan import CONSERVATION
from streamproof.model.rungs import Rung
from streamproof.packs.pack import Pack
from streamproof.sql.blocks import Block, block_error, refuse_duplicates
from streamproof.sql.projections import Projection, read_projections
from streamproof.sql.suites import read_diagnostics, read_suite
from streamproof.warehouse.registry import accounting_checks


class CheckFiles:
    """The parsed check files of a pack. Each part is read on first use and cached.

    Every method and property raises SqlSourceError or UsageError for a broken file. The message gives the file's path
    relative to `home`, the project folder.
    """

    def __init__(self, pack: Pack, home: Path) -> None:
        self._pack, self._home = pack, home
        self._suites: dict[str, tuple[Block, ...]] = {}
        self._diagnostics: dict[str, tuple[Block, ...]] = {}

    def suite(self, name: str) -> tuple[Block, ...]:
        """Return the assertions of a suite in the order of its files.

        Suite `conservation` begins with the checks of the pack's accounting. A check of a rung that the pack does not
        offer is left out.
        """
        if name not in self._suites:
            folder = self._pack.sql_dir / "assertions" / name
            read = self._conservation if name == CONSERVATION else self._of_files
            self._suites[name] = read(folder)
        return self._suites[name]

    def _of_files(self, folder: Path) -> tuple[Block, ...]:
        return read_suite(folder, home=self._home, dialect=self._pack.dialect)

    def _conservation(self, folder: Path) -> tuple[Block, ...]:
        accounting = self._pack.accounting
        layers = {table: layer for layer, tables in self._pack.layers.items() for table in tables}
        own = self._of_files(folder) if folder.is_dir() else ()
        for block in own:
            if block.rung not in list(Rung):
                raise block_error(
                    block.source,
                    block.line,
                    f"check '{block.name}' of suite {CONSERVATION} names no rung.",
                    f"Add a line `-- RUNG: …` with one of {', '.join(Rung)}.",
                )
        offered = (block for block in own if block.rung in accounting.rungs)
        checks = (*accounting_checks(self._pack.warehouse, accounting, layers), *offered)
        refuse_duplicates(checks)
        return checks

    def diagnostics(self, suite: str) -> tuple[Block, ...]:
        """Return the diagnostics of a suite in the order of their files."""
        if suite not in self._diagnostics:
            folder = self._pack.sql_dir / "diagnostics" / suite
            self._diagnostics[suite] = read_diagnostics(folder, home=self._home, dialect=self._pack.dialect)
        return self._diagnostics[suite]

    @cached_property
    def contracts(self) -> tuple[Contract, ...]:
        """Return the contracts in the order of their files; a pack need not have any."""
        if not any(self._pack.contracts_dir.glob("*.yaml")):
            return ()
        return load_contracts(self._pack.contracts_dir, relative_to=self._home)

    @cached_property
    def projections(self) -> tuple[Projection, ...]:
        """Return the projections of the pack's content in the order of the layers; a pack need not have any."""
        pack = self._pack
        return read_projections(pack.sql_dir / "content", pack.layers, home=self._home, dialect=pack.dialect)

    @cached_property
    def oracle_sql(self) -> OracleSql:
        """Return the queries that stage `oracle` runs."""
        return read_oracle_sql(self._home, self._pack)

    @cached_property
    def parity(self) -> tuple[ParityObject, ...]:
        """Return the objects that the pack compares, in the order of the layers."""
        return read_parity(self._pack.sql_dir, home=self._home, dialect=self._pack.dialect)
