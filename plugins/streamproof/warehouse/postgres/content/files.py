"""Compare Parquet files as multisets of rows, in bounded memory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.values import FileRow, FilesCompared

Values = tuple[Any, ...]


def compare_files(pairs: Sequence[tuple[Path, Path]], *, samples: int) -> tuple[FilesCompared, ...]:
    """Compare pairs of files, with up to `samples` of the rows that differ on each side. Raises WarehouseError."""
    return tuple(_compared(pair, samples) for pair in pairs)


def _compared(pair: tuple[Path, Path], samples: int) -> FilesCompared:
    try:
        columns = (_columns(pair[0]), _columns(pair[1]))
        if columns[0] != columns[1]:
            return FilesCompared(columns, (0, 0), (0, 0), ((), ()))
        one, other = (Counter(_key(row) for row in _rows(file)) for file in pair)
        only = (one - other, other - one)
        shown = (_samples(pair[0], only[0], one, other, samples), _samples(pair[1], only[1], one, other, samples))
    except (OSError, pa.ArrowInvalid) as error:
        raise WarehouseError(
            f"{pair[0]} and {pair[1]} cannot be compared: {error}", hint="Was a file changed or removed after the run?"
        ) from None
    return FilesCompared(columns, (one.total(), other.total()), (only[0].total(), only[1].total()), shown)


def _columns(file: Path) -> tuple[tuple[str, str], ...]:

    return tuple((field.name, str(field.type)) for field in pq.read_schema(file))


def _rows(file: Path) -> Iterator[Values]:
    """Yield the rows of a file, with one row group in memory."""
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches():
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _key(row: Values) -> bytes:
    # A million rows take 100 MB so; their values would take ten times as much.
    return hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _samples(
    file: Path, wanted: Counter[bytes], one: Counter[bytes], other: Counter[bytes], number: int
) -> tuple[FileRow, ...]:
    """Return the first rows of a file that it has more often than the other, each once."""
    found: dict[bytes, FileRow] = {}
    if wanted and number:
        for row in _rows(file):
            key = _key(row)
            if key in wanted and key not in found:
                found[key] = FileRow((one[key], other[key]), tuple(map(_shown, row)))
                if len(found) == number:
                    break
    return tuple(found.values())


def _shown(value: Any) -> str | None:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return f"0x{value.hex()}"
    return None if value is None else str(value)
