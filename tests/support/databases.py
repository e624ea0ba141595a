"""A client's database as checks see it."""

from __future__ import annotations

from typing import Any

from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.clickhouse.database import Database


def opened(client: Any) -> Database:
    """Return the database of a client. It cannot be cloned: that takes the settings of the connection."""
    return Database(client, WarehouseSettings("", 0, database=str(client.database)))
