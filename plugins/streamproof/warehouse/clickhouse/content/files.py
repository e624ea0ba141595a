"""Compare Parquet files in a child process with the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.engine import run_engine
from streamproof.warehouse.values import FileRow, FilesCompared

CHILD = "streamproof.warehouse.clickhouse.content.engine_child"
# A million rows of a thousand bytes that all differ take half a minute.
TIMEOUT_SEC = 1800


def compare_files(pairs: Sequence[tuple[Path, Path]], *, samples: int) -> tuple[FilesCompared, ...]:
    """Compare pairs of files, with up to `samples` of the rows that differ on each side. Raises WarehouseError."""
    document = {"pairs": [[str(one), str(other)] for one, other in pairs], "rows": samples}
    found = run_engine(CHILD, document, doing="compares files", timeout_sec=TIMEOUT_SEC)
    return tuple(_compared(answer, pair) for answer, pair in zip(found, pairs, strict=True))


def _compared(answer: Mapping[str, Any], pair: tuple[Path, Path]) -> FilesCompared:
    if "error" in answer:
        raise WarehouseError(
            f"{pair[0]} and {pair[1]} cannot be compared: {answer['error']}",
            hint="Was a file changed or removed after the run?",
        )
    one, other = ([FileRow((a, b), tuple(values)) for a, b, values in rows] for rows in answer["samples"])
    columns = [tuple((name, kind) for name, kind in side) for side in answer["columns"]]
    rows, only = answer["rows"], answer["only"]
    return FilesCompared((columns[0], columns[1]), (rows[0], rows[1]), (only[0], only[1]), (tuple(one), tuple(other)))
