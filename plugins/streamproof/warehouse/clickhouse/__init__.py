"""The ClickHouse adapter: client, schema, clones, view cache, drain and preflight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamproof.model.settings import ClickHouseSettings
    from streamproof.warehouse.base import Server, Warehouse


def open_warehouse(settings: ClickHouseSettings, *, source: str = "") -> Warehouse:
    """Connect to the database that the settings name. Raises WarehouseError that names the source."""
    # DAG files import this package while Airflow parses them. They must not load the client library.
    from streamproof.warehouse.clickhouse.database import Database  # noqa: PLC0415

    return Database.open(settings, source=source)


def open_server(settings: ClickHouseSettings, *, source: str = "") -> Server:
    """Connect to the server that the settings name. Raises WarehouseError."""
    from streamproof.warehouse.clickhouse.servers.server import ClickHouseServer  # noqa: PLC0415 - as above

    return ClickHouseServer.open(settings, source=source)
