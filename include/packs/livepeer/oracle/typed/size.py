"""How large a row is: its length as the one JSON row that is inserted, in UTF-8.

The contract gives the limit and the measure, the layout is the insert's: a compact JSON array of the columns that are
written (MATERIALIZED ones are not), times as text of epoch seconds with three decimals.
"""

from __future__ import annotations

from packs.livepeer.oracle.canonical import written
from packs.livepeer.oracle.typed.judged import Row

# The greatest size of one warehouse row in bytes; a record whose row is greater is rejected.
MAX_ROW_BYTES = 1_000_000

_MATERIALIZED = frozenset({"event_date", "event_hour"})
_TIMES = frozenset({"event_timestamp", "data_timestamp", "start_time", "last_error_time", "source_record_timestamp"})
_TIME_BYTES = len('"1781000000.123"')


def may_be_oversize(raw: str | bytes) -> bool:
    """Tell whether a row of a record with this text must be measured: most are far too short for that."""
    # A row holds the text and at most as much again, and no character takes more than six bytes.
    return len(raw) * 12 > MAX_ROW_BYTES


def row_bytes(row: Row) -> int:
    """Return the size of a row in bytes."""
    sizes = [
        _TIME_BYTES if name in _TIMES and value is not None else len(written(value).encode("utf-8"))
        for name, value in row.items()
        if name not in _MATERIALIZED
    ]
    return sum(sizes) + len(sizes) + 1
