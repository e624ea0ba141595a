"""Decode DBN by `struct` alone: metadata and records of versions 1 to 3, as plain numbers and texts."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
import zstandard

_LAYOUTS = Path(__file__).with_name("layouts.yaml")
_ZSTD = b"\x28\xb5\x2f\xfd"
_SCHEMAS = {3: "tbbo", 4: "trades", 6: "ohlcv-1m", 8: "ohlcv-1d", 9: "definition", 10: "statistics"}
_SYMBOL_TYPES = {0: "instrument_id", 1: "raw_symbol", 2: "smart", 3: "continuous", 4: "parent"}
# The types of the records of a schema, in their second byte.
RECORD_TYPES = {"trades": 0, "tbbo": 1, "ohlcv-1m": 0x21, "ohlcv-1d": 0x23, "definition": 0x13, "statistics": 0x18}
_LENGTH_UNIT = 4
_SYMBOL_SIZE_V1 = 22
# The part of the metadata with a fixed size, the first eight bytes included. Its end is reserved.
_FIXED_SIZE = 108
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mapped:
    """Days [first, end) on which an instrument has the symbol that was asked for."""

    first: dt.date
    end: dt.date
    symbol: str


@dataclass(slots=True)
class Content:
    """A file. `records` are its records as bytes. `mapped` is by instrument, `range` [start, end) in ns.

    `limit` is the most records that were asked for, 0 for any number.
    """

    name: str
    version: int
    dataset: str
    schema: str
    symbol_type: str
    range: tuple[int, int]
    symbols: list[str]
    partial: list[str]
    not_found: list[str]
    limit: int
    records: list[bytes]
    mapped: dict[int, list[Mapped]] = field(default_factory=dict)

    def symbol_of(self, instrument: int, day: dt.date) -> str | None:
        """Return the symbol of an instrument on a day, None without one. Of several, it is the first by name."""
        found = (mapped for mapped in self.mapped.get(instrument, ()) if mapped.first <= day < mapped.end)
        return min((mapped.symbol for mapped in found), default=None)


def read(path: Path, name: str = "") -> Content:
    """Read a file. Raises ValueError for one that is not DBN of a schema that is known here."""
    content = path.read_bytes()
    if content[:4] == _ZSTD:
        content = b"".join(_frames(content, path.name))
    if content[:3] != b"DBN" or content[3] not in (1, 2, 3):
        raise ValueError(f"{path.name} is not DBN of version 1, 2 or 3")
    begin = 8 + struct.unpack_from("<I", content, 4)[0]
    found = _Metadata(content[:begin], name or path.name).content
    found.records = list(_records(content, begin))
    return found


def _frames(content: bytes, name: str) -> Iterator[bytes]:
    """Yield the content of each zstd frame. A frame without its end would lose records without a sign."""
    while content:
        frame = zstandard.ZstdDecompressor().decompressobj()
        yield frame.decompress(content)
        if not frame.eof:
            raise ValueError(f"{name} is cut off")
        content = frame.unused_data


def decode(content: Content, record: bytes) -> Record | None:
    """Return the fields of a record, None for a record of another type than the file's schema has."""
    if record[1] != RECORD_TYPES[content.schema]:
        return None
    return _fields(content.schema, content.version, record)


def other_type(content: Content, record: bytes) -> Record:
    """Return the fields of a record of another type; only the header's where the type is not known here."""
    for schema, number in RECORD_TYPES.items():
        if record[1] == number:
            return _fields(schema, content.version, record)
    publisher, instrument, event = struct.unpack_from("<HIQ", record, 2)
    return {"publisher_id": publisher, "instrument_id": instrument, "ts_event": event}


def _fields(schema: str, version: int, record: bytes) -> Record:
    layout, names = _layout(schema.partition("-")[0], version)
    return {
        name: value.partition(b"\0")[0].decode() if isinstance(value, bytes) else value
        for name, value in zip(names, layout.unpack(record[: layout.size]), strict=True)
        if name != "-"
    }


@cache
def _layout(schema: str, version: int) -> tuple[struct.Struct, list[str]]:
    for entry in yaml.safe_load(_LAYOUTS.read_text(encoding="utf-8")):
        if entry["schema"] == schema and version in entry["versions"]:
            fields = [part.split(":") for part in entry["fields"].split()]
            return struct.Struct("<" + "".join(kind for _, kind in fields)), [name for name, _ in fields]
    raise ValueError(f"there is no layout of {schema} in version {version}")


def _records(content: bytes, at: int) -> Iterator[bytes]:
    while at < len(content):
        end = at + content[at] * _LENGTH_UNIT
        if end == at or end > len(content):
            raise ValueError("a record is broken")
        yield content[at:end]
        at = end


class _Metadata:
    """Reads the metadata from front to back."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self._at = data, 8
        version = data[3]
        dataset = self._text(16)
        schema, start, end, limit = self._take("<HQQQ")
        if version == 1:
            self._take("<Q")  # the count of records, which later versions do not have
        symbol_type, _out, _ts_out = self._take("<BBB")
        self._size = _SYMBOL_SIZE_V1 if version == 1 else self._take("<H")[0]
        self._at = _FIXED_SIZE
        self._take(f"<{self._take('<I')[0]}x")
        symbols, partial, not_found = ([self._text(self._size) for _ in range(self._count())] for _ in range(3))
        if schema not in _SCHEMAS:
            raise ValueError(f"{name} has the schema {schema}, which is not read here")
        self.content = Content(
            name, version, dataset, _SCHEMAS[schema], _SYMBOL_TYPES.get(symbol_type, str(symbol_type)), (start, end),
            symbols, partial, not_found, limit, [],
        )  # fmt: skip
        self._mappings()

    def _mappings(self) -> None:
        for _ in range(self._count()):
            symbol = self._text(self._size)
            for _ in range(self._count()):
                first, end = self._take("<II")
                instrument = self._text(self._size)
                # Some files map ids to symbols.
                number, name = (instrument, symbol) if instrument.isdecimal() else (symbol, instrument)
                if name and number.isdecimal():
                    mapped = Mapped(_day(first), _day(end), name)
                    self.content.mapped.setdefault(int(number), []).append(mapped)

    def _count(self) -> int:
        return int(self._take("<I")[0])

    def _text(self, size: int) -> str:
        found: bytes = self._take(f"<{size}s")[0]
        return found.partition(b"\0")[0].decode()

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values


def _day(number: int) -> dt.date:
    return dt.date(number // 10_000, number // 100 % 100, number % 100)
