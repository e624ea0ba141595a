"""The ClickHouse adapter: client, schema, clones, view cache, drain, accounting and preflight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

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

maintenance_database = "default"
# The columns of a new pack's typed tables that say which record a row comes from.
reserved_columns = ("record_topic", "record_partition", "record_offset", "record_timestamp")


def open_warehouse(settings: WarehouseSettings, *, source: str = "") -> Warehouse:
    """Connect to the database that the settings name. Raises WarehouseError that names the source."""
    # DAG files import this package while Airflow parses them. They must not load the client library.
    from streamproof.warehouse.clickhouse.database import Database  # noqa: PLC0415

    return Database.open(settings, source=source)


def open_server(settings: WarehouseSettings, *, source: str = "") -> Server:
    """Connect to the server that the settings name. Raises WarehouseError."""
    from streamproof.warehouse.clickhouse.servers.server import ClickHouseServer  # noqa: PLC0415 - as above

    return ClickHouseServer.open(settings, source=source)


def review_sql(schema: Path, texts: Sequence[SqlText], known: Mapping[str, object]) -> SqlReview:
    """Review a pack's SQL without a server. Raises SqlSourceError, WarehouseError."""
    from streamproof.warehouse.clickhouse.reviewing import review  # noqa: PLC0415 - as above

    return review.review_sql(schema, texts, known)


def retention_days(schema: Path) -> Mapping[str, int]:
    """Return how many days each table of a schema keeps its rows. Raises SqlSourceError."""
    from streamproof.warehouse.clickhouse.reviewing import retention  # noqa: PLC0415 - as above

    return retention.retention_days(schema)


def compare_files(pairs: Sequence[tuple[Path, Path]], *, samples: int) -> tuple[FilesCompared, ...]:
    """Compare pairs of saved files without a server. Raises WarehouseError."""
    from streamproof.warehouse.clickhouse.content import files  # noqa: PLC0415 - as above

    return files.compare_files(pairs, samples=samples)


def accounting_checks(accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
    """Return the checks of a pack's accounting. `layers` are the layers of its tables, by table."""
    from streamproof.warehouse.clickhouse.accounting import ACCOUNTING  # noqa: PLC0415 - as above

    return ACCOUNTING.checks(accounting, layers)


def event_queries(accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
    """Return the queries that find an event by the pack's accounting. `layers` are the layers of its tables."""
    from streamproof.warehouse.clickhouse.accounting import ACCOUNTING  # noqa: PLC0415 - as above

    return ACCOUNTING.queries(accounting, layers)


def make_pack(inferred: Inferred, rules: ValueRules, *, by_warehouse: bool) -> MadePack:
    """Return schema, checks, trace and contracts of a new pack."""
    from streamproof.warehouse.clickhouse.pack_making.files import make_pack as make  # noqa: PLC0415 - as above

    return make(inferred, rules, by_warehouse=by_warehouse)
