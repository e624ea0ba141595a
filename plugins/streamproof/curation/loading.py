"""Load the typed rows of a fixture set into a test database, for the development of views."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from streamproof.fixtures.manifest import read_manifest
from streamproof.fixtures.verify import shown
from streamproof.model.errors import FixtureError, UsageError
from streamproof.model.fixture import FixtureSession, Manifest, ReplayRules
from streamproof.model.settings import WarehouseSettings
from streamproof.packs.pack import Pack
from streamproof.packs.sources import require_lines
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.registry import open_server, open_warehouse
from streamproof.warehouse.values import Shape

OWNER = "fixtures-load"
# Rows of one table with the same columns that are inserted together.
BATCH_ROWS = 20_000
_HINT = "Export or generate the set again, or restore the file."


@dataclass(slots=True)
class _Scan:
    """What the files of a set hold. `columns` are the keys of the rows by table; `events` counts the other lines."""

    rows: Counter[str] = field(default_factory=Counter)
    columns: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    events: int = 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded: rows by table, the keys by table that are no columns to insert, and events passed over."""

    database: str
    created: bool
    rows: Mapping[str, int]
    left_out: Mapping[str, tuple[str, ...]]
    events: int

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "database": self.database,
            "created": self.created,
            "rows": dict(self.rows),
            "columns_left_out": {table: list(names) for table, names in self.left_out.items()},
            "events_passed_over": self.events,
        }


def load_set(pack: Pack, manifest: Path, settings: WarehouseSettings, database: str, *, truncate: bool) -> Loaded:
    """Insert the rows of a set that belong to tables into a test database. Events are passed over.

    A database that is not there or empty becomes one of streamproof's, with the pack's schema. With `truncate`, the
    tables that get rows are emptied first. The whole set is read before anything is written. Raises FixtureError for a
    set that is broken or has no such row, UsageError for a database of others or without a table, WarehouseError.
    """
    require_lines(pack)
    known = read_manifest(manifest, pack.replay)
    scan = _scan(known, pack.replay)
    server = open_server(pack.warehouse, settings)
    try:
        created = server.adopt(database, OWNER, pack.name)
    finally:
        server.close()
    warehouse = open_warehouse(pack.warehouse, settings.using(database))
    try:
        if created:
            warehouse.apply_schema(pack.sql_dir / "schema", feed=None, retention=False)
        shapes = _shapes(warehouse, scan)
        if truncate:
            for table in scan.rows:
                for statement in warehouse.emptying(table, is_view=False):
                    warehouse.execute(statement)
        rows = _insert(warehouse, known, pack.replay, shapes)
    finally:
        warehouse.close()
    left_out = {
        table: tuple(sorted(names - set(_columns(shapes[table]))))
        for table, names in sorted(scan.columns.items())
        if names - set(_columns(shapes[table]))
    }
    return Loaded(database, created, rows, left_out, scan.events)


def _scan(manifest: Manifest, rules: ReplayRules) -> _Scan:
    """Read every file. Raises FixtureError that names all that are missing or broken."""
    scan = _Scan()
    problems: list[str] = []
    for session in manifest.sessions:
        try:
            for table, row in _lines(manifest, session, rules, verify=True):
                if row is None:
                    scan.events += 1
                else:
                    scan.rows[table] += 1
                    scan.columns[table].update(row)
        except FixtureError as error:
            problems.append(error.message)
    if problems:
        raise FixtureError(shown(tuple(problems)), hint=_HINT)
    if not scan.rows:
        raise FixtureError(
            f"{manifest.path} holds {scan.events} events and no row of a table.",
            hint="`streamproof run` publishes events; a load inserts lines with another `__table`.",
        )
    return scan


def _lines(
    manifest: Manifest, session: FixtureSession, rules: ReplayRules, *, verify: bool = False
) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Yield table and columns of each line, None for an event."""
    path = Path(manifest.folder) / session.file
    digest = hashlib.sha256()
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                digest.update(line)
                if not line.isspace():
                    yield _row(line, f"{session.file}:{number}", rules)
    except OSError as error:
        raise FixtureError(f"The fixture file {path} cannot be read: {error.strerror}.", hint=_HINT) from None
    if verify and session.sha256 not in {None, digest.hexdigest()}:
        raise FixtureError(f"The fixture file {session.file} is not what its checksum says.", hint=_HINT)


def _row(line: bytes, where: str, rules: ReplayRules) -> tuple[str, dict[str, Any] | None]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FixtureError(f"{where}: not JSON ({error}).", hint=_HINT) from None
    if not isinstance(row, dict):
        raise FixtureError(f"{where}: not a JSON object.", hint=_HINT)
    table = str(row.get("__table", rules.event_table))
    if table == rules.event_table:
        return table, None
    return table, {name: value for name, value in row.items() if not name.startswith("__")}


def _shapes(warehouse: Warehouse, scan: _Scan) -> Mapping[str, Shape]:
    shapes = warehouse.shapes(scan.rows)
    missing = sorted(table for table in scan.rows if table not in shapes or shapes[table].is_view)
    if missing:
        raise UsageError(
            f"Database {warehouse.database} has no table {', '.join(missing)}.",
            hint="The rows are of another schema, or `__table` is wrong.",
        )
    empty = sorted(table for table, names in scan.columns.items() if not names & set(_columns(shapes[table])))
    if empty:
        raise UsageError(
            f"The rows of {', '.join(empty)} have none of the table's columns.", hint="They are of another schema."
        )
    return shapes


def _columns(shape: Shape) -> list[str]:
    return [name for name in shape.columns if name not in shape.computed]


def _insert(
    warehouse: Warehouse, manifest: Manifest, rules: ReplayRules, shapes: Mapping[str, Shape]
) -> dict[str, int]:
    """Insert all rows in batches of the same table and columns, and return their number by table."""
    waiting: defaultdict[tuple[str, tuple[str, ...]], list[list[Any]]] = defaultdict(list)
    columns = {table: _columns(shape) for table, shape in shapes.items()}
    done: Counter[str] = Counter()

    def flush(table: str, names: tuple[str, ...]) -> None:
        rows = waiting.pop((table, names))
        done[table] += warehouse.insert(table, names, rows, what=f"The rows of {table} could not be loaded")

    for session in manifest.sessions:
        for table, row in _lines(manifest, session, rules):
            names = tuple(name for name in columns[table] if name in row) if row is not None else ()
            if row is None or not names:
                continue
            waiting[table, names].append([row[name] for name in names])
            if len(waiting[table, names]) >= BATCH_ROWS:
                flush(table, names)
    for table, names in list(waiting):
        flush(table, names)
    return dict(sorted(done.items()))
