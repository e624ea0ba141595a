"""The size of a row: the length in UTF-8 bytes of the JSON row that is inserted.

The contract defines the limit and the measure. The layout is that of the insert: a compact JSON array of the written
columns (without MATERIALIZED ones), with times as text of epoch seconds with three decimals.
"""

from __future__ import annotations

from packs.livepeer.oracle.canonical import written
from packs.livepeer.oracle.typed.judged import Row

# The maximal size of a row in bytes. A record with a larger row is rejected.
MAX_ROW_BYTES = 1_000_000

_MATERIALIZED = frozenset({"event_date", "event_hour"})
_TIMES = frozenset({"event_timestamp", "data_timestamp", "start_time", "last_error_time", "source_record_timestamp"})
_TIME_BYTES = len('"1781000000.123"')


def may_be_oversize(raw: str | bytes) -> bool:
    """Return whether a row of a record with this text may be too large, so that it has to be measured."""
    # A row contains the text and at most as much again, and a character takes at most six bytes.
    return len(raw) * 12 > MAX_ROW_BYTES


def row_bytes(row: Row) -> int:
    """Return the size of a row in bytes."""
    sizes = [
        _TIME_BYTES if name in _TIMES and value is not None else len(written(value).encode("utf-8"))
        for name, value in row.items()
        if name not in _MATERIALIZED
    ]
    return sum(sizes) + len(sizes) + 1
