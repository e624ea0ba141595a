"""Read the rows of a query with a cursor on the server, so that memory does not grow with the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from streamproof.warehouse.postgres.binding import bound
from streamproof.warehouse.postgres.client import Client, beginning, refusals
from streamproof.warehouse.values import RowStream

_ROWS_AT_ONCE = 2_000


@contextmanager
def stream_rows(
    client: Client, sql: str, parameters: Mapping[str, object] | None, *, source: str
) -> Iterator[RowStream]:
    """Run a query and return its columns and an iterator over its rows. Texts are bytes, as they are stored.

    An error of the server or the network in the middle of the result raises WarehouseError while its rows are read.
    """
    hint = "Run the query by hand." if source else beginning("query", sql)
    doing = source or "PostgreSQL refused a query"
    with client.reading() as session, session.cursor("rows") as cursor:
        _texts_as_bytes(cursor)
        cursor.itersize = _ROWS_AT_ONCE
        with refusals(doing, hint=hint):
            text, values = bound(sql, parameters)
            cursor.execute(text, values)
            columns = tuple(column.name for column in cursor.description or ())
        yield RowStream(columns, _rows(iter(cursor), doing, hint))


def _texts_as_bytes(cursor: Any) -> None:
    from psycopg.adapt import Loader

    class Bytes(Loader):
        """Returns a text as the server sends it."""

        def load(self, data: Any) -> bytes:
            return bytes(data)

    for kind in ("text", "varchar", "bpchar", "name"):
        cursor.adapters.register_loader(kind, Bytes)


def _rows(stream: Iterator[Sequence[Any]], doing: str, hint: str) -> Iterator[Sequence[Any]]:
    while True:
        # Only the reading belongs to the warehouse: what the caller does with a row does not.
        with refusals(doing, hint=hint):
            row = next(stream, None)
        if row is None:
            return
        yield row
