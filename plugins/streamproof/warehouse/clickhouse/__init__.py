"""ClickHouse: client, schema, clones, view cache, drain and preflight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamproof.model.settings import ClickHouseSettings
    from streamproof.warehouse.base import Warehouse


def open_warehouse(settings: ClickHouseSettings) -> Warehouse:
    """Connect to the database that the settings name. Raises WarehouseError."""
    # A DAG file imports what names this package; the adapter and its client library are for a task that runs.
    from streamproof.warehouse.clickhouse.database import Database  # noqa: PLC0415

    return Database.open(settings)
