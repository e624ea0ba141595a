"""Read a pack's export queries and run them, with errors that name what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from streamproof.model.errors import SqlSourceError, UsageError, WarehouseError
from streamproof.packs.pack import Pack
from streamproof.sql.blocks import Block, BlockKind, read_blocks, refuse_duplicates
from streamproof.sql.dialects import Dialect
from streamproof.sql.reading import shown_path
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import RowStream


def read_queries(path: Path, home: Path, dialect: Dialect) -> tuple[Block, ...]:
    """Return the QUERY blocks of a file, or of all .sql files of a folder. Raises SqlSourceError when there is none."""
    files = sorted(path.glob("*.sql")) if path.is_dir() else [path]
    read = (read_blocks(file, shown_as=shown_path(file, home), dialect=dialect) for file in files)
    blocks = [block for found in read for block in found]
    queries = tuple(block for block in blocks if block.kind is BlockKind.QUERY)
    if not queries:
        raise SqlSourceError(f"{path} holds no query.", hint="A query begins with a line `-- QUERY: name`.")
    refuse_duplicates(queries)
    return queries


@contextmanager
def ask(warehouse: Warehouse, query: Block, parameters: Mapping[str, object]) -> Iterator[RowStream]:
    """Run a query with the parameters that it names. Raises SqlSourceError for an unknown one, WarehouseError."""
    source = f"{query.source}:{query.line}"
    if unknown := sorted(query.parameter_names - parameters.keys()):
        raise SqlSourceError(
            f"{source}: nothing gives the parameter {', '.join(unknown)}.",
            hint=f"Declare it in `export.options` of pack.yaml. An export gives: {', '.join(sorted(parameters))}.",
        )
    if needs := warehouse.needs_of(query.sql):
        raise WarehouseError(f"{source} needs {needs}.", hint="See docs/operations.md for the rights of the user.")
    used = {name: parameters[name] for name in sorted(query.parameter_names)}
    with warehouse.stream(query.sql, used, source=source) as rows:
        yield rows


def require_objects(warehouse: Warehouse, pack: Pack, queries: Sequence[Block], present: Collection[str]) -> None:
    """Require that the database has what the queries read, for this user. `present` are the objects that it shows.

    Raises UsageError for a database that has nothing of it, WarehouseError that names what is missing.
    """
    known = [name for tables in pack.layers.values() for name in tables]
    read: set[str] = set()
    for query in queries:
        read |= warehouse.objects_read(query.sql, known) or set()
    missing = sorted(read - set(present))
    if missing and not present:
        raise UsageError(
            f"Database {warehouse.database} has no table or view of pack '{pack.name}' that this user may read.",
            hint="Is it the warehouse of another pack? Give --pack, and CH_DATABASE or --run.",
        )
    if missing:
        raise WarehouseError(
            f"Database {warehouse.database} has no {', '.join(missing)}, or this user may not read it.",
            hint=f"Grant SELECT on it to the user, or apply the schema of pack '{pack.name}'.",
        )
