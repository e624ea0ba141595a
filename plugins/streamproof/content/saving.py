"""Save the rows of a pack's projections as Parquet files, and read back which there are."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson

from streamproof.model.content import SavedContent, SavedTable
from streamproof.model.errors import WarehouseError
from streamproof.model.formats.json_data import from_json
from streamproof.runtime.files import write_json
from streamproof.sql.projections import Projection
from streamproof.warehouse.base import Warehouse

INDEX = "content.json"
# While the server sends one result, it can compute the next.
WORKERS = 2
# A warehouse that has refused so many projections is in no state to be saved; each may take until its time-out.
MOST_FAILURES = 3
_UNUSUAL = re.compile(r"[^A-Za-z0-9_.-]")


def save_content(
    warehouse: Warehouse, projections: Sequence[Projection], folder: Path, *, pack: str, log: Callable[[str], None]
) -> SavedContent:
    """Save the rows of each projection to a file below `folder`, and return what was saved and what was not.

    What the folder held before is removed. A projection that cannot be saved is logged, and hides no other.
    """
    if folder.exists():
        shutil.rmtree(folder)
    tables = [
        SavedTable(it.layer, it.name, f"{_file_name(it.layer)}/{number:02}_{_file_name(it.name)}.parquet")
        for number, it in enumerate(projections, start=1)
    ]
    errors: dict[str, str] = {}

    def save(projection: Projection, table: SavedTable) -> None:
        if len(errors) >= MOST_FAILURES:
            errors[table.name] = f"It was not tried, after {MOST_FAILURES} others had failed."
            return
        try:
            source = f"Projection {table.name} ({projection.block.source}:{projection.block.line})"
            warehouse.save_rows(projection.block.sql, folder / table.file, source=source)
        except (WarehouseError, OSError) as error:
            errors[table.name] = error.message if isinstance(error, WarehouseError) else str(error)
            log(f"{table.layer}.{table.name} is not saved: {errors[table.name]}")

    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="content") as pool:
        list(pool.map(save, projections, tables))
    saved = tuple(table for table in tables if table.name not in errors)
    return SavedContent(pack, saved, {table.name: errors[table.name] for table in tables if table.name in errors})


def write_index(folder: Path, content: SavedContent) -> None:
    """Write which tables a folder holds."""
    write_json(folder / INDEX, content.as_json())


def read_index(folder: Path) -> SavedContent | None:
    """Read which tables a folder holds; None if nothing says so. Raises ValueError for a broken index."""
    path = folder / INDEX
    return from_json(SavedContent, orjson.loads(path.read_bytes())) if path.exists() else None


def _file_name(name: str) -> str:
    return _UNUSUAL.sub("_", name)
