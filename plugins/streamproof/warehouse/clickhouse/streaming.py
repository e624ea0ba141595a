"""Read the rows of a query as a stream of blocks, so that memory does not grow with the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from streamproof.warehouse.clickhouse.client import refusals
from streamproof.warehouse.values import RowStream

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# A block is decoded as a whole. Rows may hold a whole record, so a block of the usual 65,409 rows would be large.
_SMALL_BLOCKS: Mapping[str, object] = {"max_block_size": 250, "preferred_block_size_bytes": 1 << 20}


@contextmanager
def stream_rows(
    client: Client,
    sql: str,
    parameters: Mapping[str, object] | None,
    *,
    settings: Mapping[str, object],
    source: str,
) -> Iterator[RowStream]:
    """Run a query and return its columns and an iterator over its rows. Texts are bytes, as they are stored.

    An error of the server or the network in the middle of the result raises WarehouseError: a result that broke off is
    never taken for a whole one.
    """
    known = client.server_settings
    small = {name: value for name, value in _SMALL_BLOCKS.items() if name in known and not known[name].readonly}
    hint = "Run the query by hand." if source else f"The query begins: {' '.join(sql.split())[:120]}"
    doing = source or "ClickHouse refused a query"
    with refusals(doing, hint=hint):
        stream = client.query_rows_stream(
            sql, parameters=dict(parameters or {}), settings={**settings, **small}, query_formats={"String": "bytes"}
        )
    with stream:
        columns: Any = stream.source
        yield RowStream(tuple(columns.column_names), _rows(iter(stream), doing, hint))


def _rows(stream: Iterator[Sequence[Any]], doing: str, hint: str) -> Iterator[Sequence[Any]]:
    end = object()
    while True:
        # Only the reading belongs to the warehouse: what the caller does with a row does not.
        with refusals(doing, hint=hint):
            row = next(stream, end)
        if row is end:
            return
        yield row  # type: ignore[misc]
