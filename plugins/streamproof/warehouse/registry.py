"""The kinds of warehouse. Each is a subpackage of this package; a pack names it as `warehouse: <kind>`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from streamproof.fixtures.inference.model import Inferred
from streamproof.model.errors import UsageError
from streamproof.model.fixture import ValueRules
from streamproof.model.settings import WarehouseSettings
from streamproof.packs.accounting import Accounting
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.server import Server
from streamproof.warehouse.values import FilesCompared, MadePack, SqlReview, SqlText

KINDS = ("clickhouse", "postgres")


class WarehouseKind(Protocol):
    """The functions that the package of each kind has."""

    def open_warehouse(self, settings: WarehouseSettings, *, source: str) -> Warehouse:
        """Connect to the database that the settings name. Raises WarehouseError."""

    def open_server(self, settings: WarehouseSettings, *, source: str) -> Server:
        """Connect to the server that the settings name. Raises WarehouseError."""

    def review_sql(self, schema: Path, texts: Sequence[SqlText], known: Mapping[str, object]) -> SqlReview:
        """Review statements against the schema of a folder without a server, with `known` values of parameters.

        Raises SqlSourceError for a broken schema folder, WarehouseError when the engine cannot be used.
        """

    def retention_days(self, schema: Path) -> Mapping[str, int]:
        """Return how many days each table of a folder's schema keeps its rows where retention is on.

        Tables that keep them for ever are left out. Raises SqlSourceError for a broken schema folder.
        """

    def compare_files(self, pairs: Sequence[tuple[Path, Path]], *, samples: int) -> tuple[FilesCompared, ...]:
        """Compare pairs of files that `Warehouse.save_rows` has written, without a server, with up to so many samples.

        Raises WarehouseError when a file cannot be read or the engine cannot be used.
        """

    def accounting_checks(self, accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
        """Return the checks of a pack's accounting in the SQL of this kind. `layers` are the layers by table."""

    def event_queries(self, accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
        """Return the queries that find an event by the pack's accounting, in the SQL of this kind."""

    @property
    def maintenance_database(self) -> str:
        """Return the database that every server has, to which one connects when no run's is meant."""

    @property
    def reserved_columns(self) -> tuple[str, ...]:
        """Return the names of columns that the typed tables of a new pack have for themselves."""

    def make_pack(self, inferred: Inferred, rules: ValueRules, *, by_warehouse: bool) -> MadePack:
        """Return schema, checks, trace and contracts for inferred events.

        `rules` say how the family of an event is found. With `by_warehouse`, the warehouse fills the typed tables from
        the raw one; without, a program of the user does.
        """


def warehouse_kind(kind: str) -> WarehouseKind:
    """Return a kind of warehouse by its name. Raises UsageError for an unknown kind."""
    if kind not in KINDS:
        raise UsageError(f"There is no warehouse of kind '{kind}'.", hint=f"The kinds are: {', '.join(KINDS)}.")
    found: Any = import_module(f"streamproof.warehouse.{kind}")
    return found  # type: ignore[no-any-return]


def open_warehouse(kind: str, settings: WarehouseSettings, *, source: str = "") -> Warehouse:
    """Connect to a database of a warehouse of this kind. Raises UsageError, WarehouseError.

    `source` describes where the connection settings come from, for the hint of an error.
    """
    return warehouse_kind(kind).open_warehouse(settings, source=source)


def open_server(kind: str, settings: WarehouseSettings, *, source: str = "") -> Server:
    """Connect to a server of this kind; `source` as in `open_warehouse`. Raises UsageError, WarehouseError."""
    return warehouse_kind(kind).open_server(settings, source=source)


def accounting_checks(kind: str, accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
    """Return the checks of a pack's accounting, with their mutations, for a warehouse of this kind.

    `layers` are the layers of the pack's tables, by table. Raises UsageError, SqlSourceError.
    """
    return warehouse_kind(kind).accounting_checks(accounting, layers)


def event_queries(kind: str, accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
    """Return queries that find one event (parameter `event`) where a pack's accounting says that events are.

    They are in the order of the data flow; one named `nearest` finds similar ids. `layers` are the layers of the pack's
    tables, by table. The pack must have `accounting.ids`. Raises UsageError, SqlSourceError.
    """
    return warehouse_kind(kind).event_queries(accounting, layers)
