"""A DBN file: its metadata, and where its records are. No value is decoded, so any version is served as it is."""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from pathlib import Path

import zstandard
from databento_dbn import DBNError, Metadata, VersionUpgradePolicy

_MAGIC = b"DBN"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# The time by which the service cuts and orders: that of receipt, of bars the time of the event. Offsets in a record.
_EVENT_AT = 8
_RECEIVED_AT = {"definition": 16, "statistics": 16, "tbbo": 32, "trades": 32}
_TIME = struct.Struct("<Q")
_INSTRUMENT = struct.Struct("<I")
_INSTRUMENT_AT = 4
# The unit of the length that a record begins with, in bytes.
_LENGTH_UNIT = 4


@dataclass(frozen=True, slots=True)
class DbnFile:
    """A file in memory. `offsets` has one more entry than there are records: the end of the last one.

    `times` are nanoseconds since 1970 UTC.
    """

    name: str
    metadata: Metadata
    records: bytes
    offsets: array[int]
    times: array[int]
    instruments: array[int]

    @property
    def dataset(self) -> str:
        """Return the data set."""
        return str(self.metadata.dataset)

    @property
    def schema(self) -> str:
        """Return the schema."""
        return str(self.metadata.schema)

    def record(self, index: int) -> bytes:
        """Return the bytes of a record."""
        return self.records[self.offsets[index] : self.offsets[index + 1]]


def read_dbn(path: Path, name: str = "") -> DbnFile:
    """Read a file. Raises ValueError for one that is not DBN, and OSError."""
    content = path.read_bytes()
    if content.startswith(_ZSTD_MAGIC):
        content = _decompressed(content, path.name)
    if len(content) < 8 or not content.startswith(_MAGIC):
        raise ValueError(f"{path.name} is not a DBN file")
    begin = 8 + int.from_bytes(content[4:8], "little")
    try:
        metadata = Metadata.decode(content[:begin], upgrade_policy=VersionUpgradePolicy.AS_IS)
    except DBNError as error:
        raise ValueError(f"the metadata of {path.name} cannot be read: {error}") from None
    if str(metadata.schema) not in (*_RECEIVED_AT, "ohlcv-1d", "ohlcv-1m"):
        raise ValueError(f"{path.name} holds the schema {metadata.schema}, which is not served")
    records = content[begin:]
    return DbnFile(name or path.name, metadata, records, *_index(records, str(metadata.schema), path.name))


def _decompressed(content: bytes, name: str) -> bytes:
    parts = []
    while content:
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            parts.append(frame.decompress(content))
        except zstandard.ZstdError as error:
            raise ValueError(f"{name} is damaged: {error}") from None
        if not frame.eof:
            raise ValueError(f"{name} ends in the middle of a frame")
        content = frame.unused_data
    return b"".join(parts)


def _index(records: bytes, schema: str, name: str) -> tuple[array[int], array[int], array[int]]:
    offsets, times, instruments = array("Q", [0]), array("Q"), array("L")
    time_at = _RECEIVED_AT.get(schema, _EVENT_AT)
    at, end = 0, len(records)
    while at < end:
        length = records[at] * _LENGTH_UNIT
        if length < time_at + _TIME.size or at + length > end:
            raise ValueError(f"{name} ends in the middle of a record, or record {len(times)} is broken")
        times.append(_TIME.unpack_from(records, at + time_at)[0])
        instruments.append(_INSTRUMENT.unpack_from(records, at + _INSTRUMENT_AT)[0])
        at += length
        offsets.append(at)
    return offsets, times, instruments
