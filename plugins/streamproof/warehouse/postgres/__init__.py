"""The PostgreSQL adapter: client, schema, clones, drain, accounting, comparing and preflight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from streamproof.fixtures.inference.model import Inferred
    from streamproof.model.fixture import ValueRules
    from streamproof.model.settings import WarehouseSettings
    from streamproof.packs.accounting import Accounting
    from streamproof.sql.blocks import Block
    from streamproof.warehouse.base import Warehouse
    from streamproof.warehouse.server import Server
    from streamproof.warehouse.values import FilesCompared, MadePack, SqlReview, SqlText

maintenance_database = "postgres"
# No pack is made for this kind of warehouse.
reserved_columns: tuple[str, ...] = ()


def open_warehouse(settings: WarehouseSettings, *, source: str = "") -> Warehouse:
    """Connect to the database that the settings name. Raises WarehouseError that names the source."""
    # DAG files import this package while Airflow parses them. They must not load the client library.
    from streamproof.warehouse.postgres.database import Database  # noqa: PLC0415

    return Database.open(settings, source=source)


def open_server(settings: WarehouseSettings, *, source: str = "") -> Server:
    """Connect to the server that the settings name. Raises WarehouseError."""
    from streamproof.warehouse.postgres.servers.server import PostgresServer  # noqa: PLC0415 - as above

    return PostgresServer.open(settings, source=source)


def review_sql(schema: Path, texts: Sequence[SqlText], known: Mapping[str, object]) -> SqlReview:
    """Review a pack's SQL on a temporary server. Raises SqlSourceError, WarehouseError."""
    from streamproof.warehouse.postgres.reviewing import review  # noqa: PLC0415 - as above

    return review.review_sql(schema, texts, known)


def retention_days(schema: Path) -> Mapping[str, int]:  # noqa: ARG001 - the port's
    """Return nothing: PostgreSQL's tables keep their rows."""
    return {}


def compare_files(pairs: Sequence[tuple[Path, Path]], *, samples: int) -> tuple[FilesCompared, ...]:
    """Compare pairs of saved files without a server. Raises WarehouseError."""
    from streamproof.warehouse.postgres.content import files  # noqa: PLC0415 - as above

    return files.compare_files(pairs, samples=samples)


def accounting_checks(accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
    """Return the checks of a pack's accounting. `layers` are the layers of its tables, by table."""
    from streamproof.warehouse.postgres.accounting import ACCOUNTING  # noqa: PLC0415 - as above

    return ACCOUNTING.checks(accounting, layers)


def event_queries(accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
    """Return the queries that find an event by the pack's accounting. `layers` are the layers of its tables."""
    from streamproof.warehouse.postgres.accounting import ACCOUNTING  # noqa: PLC0415 - as above

    return ACCOUNTING.queries(accounting, layers)


def make_pack(inferred: Inferred, rules: ValueRules, *, by_warehouse: bool) -> MadePack:  # noqa: ARG001 - the port's
    """Raise UsageError: a pack of inferred events is made for another kind of warehouse."""
    raise UsageError(
        "No pack can be made of events for a warehouse of kind 'postgres'.",
        hint="Write its schema and checks by hand: see docs/write-a-pack.md.",
    )
