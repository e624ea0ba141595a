"""Compare the content of two databases: checksums of projections, and the rows that differ.

A projection is a query that omits values that may differ although the content is the same: offsets, versions, times of
writing. The order of rows does not matter. A row that occurs twice counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamproof.sql.blocks import Block
from streamproof.warehouse.clickhouse.client import rows

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# A row is hashed as text, which distinguishes NULL from 'NULL' and has the shortest digits of a float. The sum of the
# hashes does not depend on the order of the rows.
_HASH = "sipHash64(toString(tuple(*)))"
_DIGEST = "SELECT count() AS rows, lower(hex(sum({hash}))) AS checksum FROM ({projection})"
_HASHES = "SELECT {hash} AS hash, count() AS times FROM ({projection}) GROUP BY hash"
_ROWS = "SELECT * FROM ({projection}) WHERE {hash} IN {{wanted:Array(UInt64)}} ORDER BY ALL LIMIT {limit}"


@dataclass(frozen=True, slots=True)
class Digest:
    """The content of an object: the number of rows, and their checksum in hexadecimal digits."""

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows by column name that only one of two databases has, or has more often, up to the limit of the caller."""

    only_first: tuple[Mapping[str, Any], ...]
    only_second: tuple[Mapping[str, Any], ...]


def digests(client: Client, projections: Sequence[Block]) -> dict[str, Digest]:
    """Return the digest of every projection by its name. Raises WarehouseError."""
    found = {}
    for projection in projections:
        [row] = rows(client, _DIGEST.format(hash=_HASH, projection=projection.sql))
        found[projection.name] = Digest(int(row["rows"]), str(row["checksum"]))
    return found


def differences(
    first: Client, second: Client, projections: Sequence[Block], *, limit: int = 20
) -> dict[str, Difference]:
    """Return the differing rows of two databases by projection, without equal projections. Raises WarehouseError."""
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
