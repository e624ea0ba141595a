"""Table `replay_ledger`: one row for each published record. Only the replay writes it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import orjson

from streamproof.model.fixture import Expectation
from streamproof.warehouse.base import IdOf, RecordPositions
from streamproof.warehouse.clickhouse.client import refusals
from streamproof.warehouse.common.ledger_rows import COLUMNS, Record, ledger_columns

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TABLE = "replay_ledger"
BATCH_ROWS = 50_000
POSITIONS = f"SELECT source_topic, source_partition, source_offset FROM {TABLE} ORDER BY sequence"  # noqa: S608


def moment(milliseconds: int) -> str:
    """Return Unix milliseconds as text that ClickHouse reads exactly: ten digits of seconds, a point, three digits."""
    digits = f"{milliseconds:013d}"
    return f"{digits[:10]}.{digits[10:]}"


def write_ledger(
    client: Client, positions: RecordPositions, records: Iterable[Record], unstated: Expectation, id_of: IdOf
) -> int:
    """Insert one row for every published record and return their number.

    `records` are events with their values, in the order of publishing. `unstated` is the expectation for a record
    whose fixture line states none. `id_of` returns the id by which the pack accounts for an event.
    Raises WarehouseError when ClickHouse refuses the rows.
    """
    with refusals("The ledger of the replay could not be written", hint="Look at ClickHouse's log in stack/logs."):
        remaining, start = iter(records), 0
        while batch := list(islice(remaining, BATCH_ROWS)):
            columns = ledger_columns(positions, batch, unstated, id_of, first_sequence=start, moment=moment)
            lines = b"\n".join(map(orjson.dumps, zip(*columns, strict=True)))
            client.raw_insert(TABLE, column_names=COLUMNS, insert_block=lines, fmt="JSONCompactEachRow")
            start += len(batch)
    return start


def read_positions(client: Client) -> Iterator[tuple[str, int, int]]:
    """Return topic, partition and offset of every published record in that order. Raises WarehouseError.

    All have been read on return, so the client can be used again. A record takes 16 bytes of memory.
    """
    topics: dict[str, int] = {}
    columns = array("I"), array("I"), array("q")
    refused = refusals("The ledger of the replay could not be read", hint="Look at ClickHouse's log in stack/logs.")
    with refused, client.query_column_block_stream(POSITIONS) as blocks:
        for names, partitions, offsets in blocks:
            columns[0].extend(topics.setdefault(str(name), len(topics)) for name in names)
            columns[1].extend(iter(partitions))
            columns[2].extend(iter(offsets))
    named = list(topics)
    return ((named[topic], partition, offset) for topic, partition, offset in zip(*columns, strict=True))
