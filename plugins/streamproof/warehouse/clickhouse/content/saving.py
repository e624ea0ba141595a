"""Write the rows of a query to a Parquet file. The server writes the format; this process only passes bytes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.client import refusals

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_CHUNK_BYTES = 1 << 20
# The server sends nothing before it has the whole result, which it keeps on disk beyond its buffer. Otherwise, an error
# in the middle of a result would reach us as a part of the file.
_WHOLE: Mapping[str, object] = {"wait_end_of_query": 1}
# The size of a row group limits the memory that the server needs to write one.
_SETTINGS: Mapping[str, object] = {
    "output_format_parquet_row_group_size": 100_000,
    "output_format_parquet_row_group_size_bytes": 32 << 20,
    "output_format_parquet_string_as_string": 1,
}
# Every Parquet file ends with these bytes.
_END = b"PAR1"


class _Stream(Protocol):
    def read(self, size: int) -> bytes: ...


def save_rows(client: Client, sql: str, file: Path, *, settings: Mapping[str, object], source: str) -> None:
    """Write the rows of a query to `file`, which appears only when it is complete.

    `settings` are those of a read-only query. Raises WarehouseError when the server refuses the query, breaks off, or
    has no Parquet type for a column; OSError when the file cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}")
    with refusals(source, hint="Run the query by hand with FORMAT Parquet."):
        # The client's own database would override that of the settings.
        stream: Any = client.raw_stream(
            sql,
            settings={**settings, **_changeable(client), **_WHOLE},
            fmt="Parquet",
            use_database="database" not in settings,
        )
    try:
        end = _copy(stream, partial, source)
        if not end.endswith(_END):
            raise WarehouseError(f"{source}: the result broke off.", hint="Look at ClickHouse's log in stack/logs.")
        partial.replace(file)
    finally:
        stream.close()
        partial.unlink(missing_ok=True)


def _copy(stream: _Stream, target: Path, source: str) -> bytes:
    """Copy a stream to a file and return the end of its last bytes."""
    end = b""
    with target.open("wb") as out:
        while True:
            # An error of the network is one of the warehouse, an error of the disk is not.
            with refusals(source, hint="Look at ClickHouse's log in stack/logs."):
                chunk = stream.read(_CHUNK_BYTES)
            if not chunk:
                return end
            out.write(chunk)
            end = (end + chunk)[-len(_END) :]


def _changeable(client: Client) -> dict[str, object]:
    """Return the settings that the server knows and this user may change."""
    known = client.server_settings
    return {name: value for name, value in _SETTINGS.items() if name in known and not known[name].readonly}
