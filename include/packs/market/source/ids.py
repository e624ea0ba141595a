"""The id of a record: what its row is found by. No database gives records a position, so their natural key does.

A record is named by its schema and its key. Records with the same key are counted in the order of their file, as the
pipeline must count them. A record that fits no model has no key that could be trusted: it is named by its header.
"""

from __future__ import annotations

import struct
from collections import Counter

from packs.market.source.asking import DAY_NS, Asked
from packs.market.source.dbn_file import DbnFile

# Numbers are little-endian. A header is publisher, instrument and event time.
_HEADER, _TIME, _NUMBER, _KIND = struct.Struct("<HIQ"), struct.Struct("<Q"), struct.Struct("<I"), struct.Struct("<H")
_HEADER_AT = 2
_UNDEF_TIME = 2**64 - 1
_TYPES = {"trades": 0, "tbbo": 1, "ohlcv-1m": 0x21, "ohlcv-1d": 0x23, "definition": 0x13, "statistics": 0x18}
_SEQUENCE_AT, _ACTION_AT, _SIDE_AT, _VOLUME_AT = 44, 28, 29, 48
# By version of the format: where texts of a definition are that must not be empty.
_TEXTS_AT = {1: (200, 325, 349), 2: (200, 374, 382), 3: (238, 487, 493)}
# By version: where the sequence of a statistic is, and its kind.
_STATISTIC_AT = {1: (44, 52), 2: (44, 52), 3: (48, 56)}


class RecordIds:
    """Gives the records of one file their ids, in their order."""

    def __init__(self, file: DbnFile) -> None:
        self._schema, self._version = file.schema, file.metadata.version
        self._days = Asked(file).days
        self._counts: Counter[tuple[object, ...]] = Counter()

    def next(self, record: bytes, time: int) -> str:
        """Return the id of the next record, '' for one outside the days of the file: no request is for it.

        `time` is that by which the service cuts, in nanoseconds since 1970 UTC.
        """
        if time // DAY_NS not in self._days:
            return ""
        publisher, instrument, event = _HEADER.unpack_from(record, _HEADER_AT)
        if not self._fits(record):
            return f"{self._schema}/unread/{publisher}/{instrument}/{event}"
        key: tuple[object, ...] = (publisher, instrument, "-" if event == _UNDEF_TIME else event)
        if self._schema.startswith("ohlcv-"):
            return _joined(self._schema, key)
        if self._schema == "definition":
            key = (publisher, instrument, time)
        elif self._schema == "statistics":
            sequence_at, kind_at = _STATISTIC_AT[self._version]
            key = (*key, _KIND.unpack_from(record, kind_at)[0], _NUMBER.unpack_from(record, sequence_at)[0])
        else:
            key = (*key, _NUMBER.unpack_from(record, _SEQUENCE_AT)[0])
        ordinal = self._counts[key]
        self._counts[key] += 1
        return _joined(self._schema, (*key, ordinal))

    def _fits(self, record: bytes) -> bool:
        """Return whether a record is one of the file's schema, with letters and texts that the format has."""
        if record[1] != _TYPES[self._schema]:
            return False
        if self._schema in ("trades", "tbbo"):
            return record[_ACTION_AT] == ord("T") and record[_SIDE_AT] in b"ABN"
        if self._schema == "definition":
            return all(record[at] for at in _TEXTS_AT[self._version])
        return self._schema == "statistics" or _TIME.unpack_from(record, _VOLUME_AT)[0] < 2**63


def _joined(schema: str, key: tuple[object, ...]) -> str:
    return "/".join(map(str, (schema, *key)))
