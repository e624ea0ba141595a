"""What a database holds, whatever way it came there: row-level checksums of projections, and the rows that differ.

A projection is a query that leaves out what may differ between two ways to the same content: offsets, versions, times
of writing. Rows have no order; a row that is there twice counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamproof.sql.blocks import Block, read_blocks
from streamproof.warehouse.clickhouse.client import rows

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

# Text tells null from 'NULL' and a float by its shortest digits. Adding up hashes makes the order not matter.
_HASH = "sipHash64(toString(tuple(*)))"
_DIGEST = "SELECT count() AS rows, lower(hex(sum({hash}))) AS checksum FROM ({projection})"
_HASHES = "SELECT {hash} AS hash, count() AS times FROM ({projection}) GROUP BY hash"
_ROWS = "SELECT * FROM ({projection}) WHERE {hash} IN {{wanted:Array(UInt64)}} ORDER BY ALL LIMIT {limit}"


@dataclass(frozen=True, slots=True)
class Digest:
    """What an object holds: the number of rows, and a checksum of them in hexadecimal digits."""

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows by column that only one of two databases has, or has more often; at most as many as were asked for."""

    only_first: tuple[Mapping[str, Any], ...]
    only_second: tuple[Mapping[str, Any], ...]


def read_projections(folder: Path) -> tuple[Block, ...]:
    """Read the queries of a folder of projections, by file and place. Raises SqlSourceError."""
    return tuple(block for file in sorted(folder.glob("*.sql")) for block in read_blocks(file))


def digests(client: Client, projections: Sequence[Block]) -> dict[str, Digest]:
    """Return rows and checksum of every projection by its name. Raises WarehouseError."""
    found = {}
    for projection in projections:
        [row] = rows(client, _DIGEST.format(hash=_HASH, projection=projection.sql))
        found[projection.name] = Digest(int(row["rows"]), str(row["checksum"]))
    return found


def differences(
    first: Client, second: Client, projections: Sequence[Block], *, limit: int = 20
) -> dict[str, Difference]:
    """Return what differs between two databases, by projection; equal ones are left out. Raises WarehouseError."""
    one, other = digests(first, projections), digests(second, projections)
    return {
        projection.name: _difference(first, second, projection, limit)
        for projection in projections
        if one[projection.name] != other[projection.name]
    }


def _difference(first: Client, second: Client, projection: Block, limit: int) -> Difference:
    one, other = _hashes(first, projection), _hashes(second, projection)
    return Difference(
        _rows(first, projection, [key for key, times in one.items() if times > other.get(key, 0)], limit),
        _rows(second, projection, [key for key, times in other.items() if times > one.get(key, 0)], limit),
    )


def _hashes(client: Client, projection: Block) -> dict[int, int]:
    found = rows(client, _HASHES.format(hash=_HASH, projection=projection.sql))
    return {row["hash"]: row["times"] for row in found}


def _rows(client: Client, projection: Block, wanted: Sequence[int], limit: int) -> tuple[Mapping[str, Any], ...]:
    statement = _ROWS.format(hash=_HASH, projection=projection.sql, limit=limit)
    return tuple(rows(client, statement, {"wanted": list(wanted[:limit])})) if wanted else ()
