"""Table `replay_ledger`: one row for each published record. Only the replay writes it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from streamproof.model.fixture import Expectation
from streamproof.warehouse.base import IdOf, RecordPositions
from streamproof.warehouse.common.ledger_rows import COLUMNS, Record, ledger_columns
from streamproof.warehouse.postgres.client import Client, refusals, run
from streamproof.warehouse.postgres.inserting import copy_rows

TABLE = "replay_ledger"
BATCH_ROWS = 50_000
POSITIONS = f"SELECT source_topic, source_partition, source_offset FROM {TABLE} ORDER BY sequence"  # noqa: S608
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(milliseconds: int) -> datetime:
    """Return Unix milliseconds as a time in UTC, without the rounding of a float."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def write_ledger(
    client: Client, positions: RecordPositions, records: Iterable[Record], unstated: Expectation, id_of: IdOf
) -> int:
    """Insert one row for every published record, in one transaction, and return their number.

    `records` are events with their values, in the order of publishing. `unstated` is the expectation for a record
    whose fixture line states none. `id_of` returns the id by which the pack accounts for an event.
    Raises WarehouseError when PostgreSQL refuses the rows.
    """
    refused = refusals("The ledger of the replay could not be written", hint="Look at PostgreSQL's log in stack/logs.")
    with refused, client.writing() as session:
        number = copy_rows(
            session, TABLE, COLUMNS, _rows(positions, records, unstated, id_of), types=["text"] * len(COLUMNS)
        )
        # The planner has no statistics of the new rows otherwise, and the checks join this table.
        run(session, f"ANALYZE {TABLE}")
    return number


def _rows(
    positions: RecordPositions, records: Iterable[Record], unstated: Expectation, id_of: IdOf
) -> Iterator[Sequence[object]]:
    remaining, start = iter(records), 0
    while batch := list(islice(remaining, BATCH_ROWS)):
        columns = ledger_columns(positions, batch, unstated, id_of, first_sequence=start, moment=moment)
        yield from zip(*columns, strict=True)
        start += len(batch)


def read_positions(client: Client) -> Iterator[tuple[str, int, int]]:
    """Return topic, partition and offset of every published record in that order. Raises WarehouseError.

    All have been read on return. A record takes 16 bytes of memory.
    """
    topics: dict[str, int] = {}
    columns = array("I"), array("I"), array("q")
    refused = refusals("The ledger of the replay could not be read", hint="Look at PostgreSQL's log in stack/logs.")
    with refused, client.reading() as session, session.cursor("positions") as cursor:
        cursor.itersize = BATCH_ROWS
        for topic, partition, offset in cursor.execute(POSITIONS):
            columns[0].append(topics.setdefault(topic, len(topics)))
            columns[1].append(partition)
            columns[2].append(offset)
    named = list(topics)
    return ((named[topic], partition, offset) for topic, partition, offset in zip(*columns, strict=True))
