"""Read a pack's `parity` folder, which says how tables and views are compared with their expected rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streamproof.model.errors import UsageError
from streamproof.model.formats.documents import read_yaml
from streamproof.model.results import LAYERS
from streamproof.sql.blocks import read_one_query
from streamproof.sql.dialects import CLICKHOUSE, Dialect
from streamproof.sql.reading import shown_path
from streamproof.warehouse.values import Tolerance

FOLDER = "parity"
MAP = "parity.yaml"
PREFIX = "parity_"


class _Tolerance(BaseModel):
    """A tolerance as written in parity.yaml; see `Tolerance`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    relative: float = Field(gt=0)
    rows: str = ""
    exact_to: int = 0
    small: float = 1e-6


class _Entry(BaseModel):
    """One entry of parity.yaml, as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layer: str
    key: tuple[str, ...] = Field(min_length=1)
    expected: Literal["oracle", "below"]
    rows: Literal["all", "set"] = "all"
    tolerance: dict[str, Annotated[float, Field(gt=0)] | _Tolerance] = Field(default_factory=dict)
    seen: str = ""
    mutation: str = ""


@dataclass(frozen=True, slots=True)
class ParityObject:
    """One table or view that is compared with its expected rows, row by row and column by column.

    `key` are the columns that identify a row. Expected and actual rows are paired by them. `expected_sql` computes the
    expected rows from the layer below; when it is empty, the pack's oracle computes them. With `as_set`, duplicates are
    ignored and any one of several rows with the same key may remain, as in a table that replaces rows when it merges.
    `tolerance` is the allowed difference of floating-point numbers by column. `seen_sql` reads the object's own rows
    when a plain SELECT is not enough. `mutation` is a statement that must fail the check, '' for one that leaves the
    object without rows: an object that may be empty needs its own. `source` is the file that defines the comparison.
    """

    name: str
    layer: str
    key: tuple[str, ...]
    expected_sql: str
    seen_sql: str
    as_set: bool
    tolerance: Mapping[str, Tolerance]
    source: str
    comment: str = ""
    mutation: str = ""

    @property
    def check(self) -> str:
        """Return the name of the check."""
        return PREFIX + self.name

    @property
    def is_from_oracle(self) -> bool:
        """Return whether the pack's oracle computes the expected rows."""
        return not self.expected_sql

    @property
    def text(self) -> str:
        """Return a text that contains the names of all tables and views that the comparison reads."""
        return "\n".join((self.name, self.seen_sql, self.expected_sql))


def read_parity(sql_dir: Path, *, home: Path, dialect: Dialect = CLICKHOUSE) -> tuple[ParityObject, ...]:
    """Read a pack's parity folder and return its objects in the order of the layers; () for a pack without the folder.

    Raises UsageError or SqlSourceError, which name the file and the entry.
    """
    folder = sql_dir / FOLDER
    file = folder / MAP
    if not file.is_file():
        return ()
    data = read_yaml(file, what="parity map", hint="docs/write-a-pack.md, 'Parity'.") or {}
    found = [_object(name, _entry(file, name, entry), folder, home, dialect) for name, entry in data.items()]
    _refuse_unused_files(folder, found, {entry.get("seen", "") for entry in data.values()})
    return tuple(sorted(found, key=lambda item: LAYERS.index(item.layer)))


def _entry(file: Path, name: str, data: object) -> _Entry:
    try:
        entry = _Entry.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in (name, *first["loc"]))
        raise UsageError(f"{file}: {key}: {first['msg']}.", hint="docs/write-a-pack.md, 'Parity'.") from None
    if entry.layer not in LAYERS:
        raise UsageError(
            f"{file}: {name}.layer: there is no layer '{entry.layer}'.", hint=f"One of {', '.join(LAYERS)}."
        )
    return entry


def _object(name: str, entry: _Entry, folder: Path, home: Path, dialect: Dialect) -> ParityObject:
    expected, comment, source = "", "", folder / MAP
    if entry.expected == "below":
        source = folder / f"{name}.sql"
        expected, comment = _query(source, home, dialect)
    return ParityObject(
        name=name,
        layer=entry.layer,
        key=entry.key,
        expected_sql=expected,
        seen_sql=_query(folder / entry.seen, home, dialect)[0] if entry.seen else "",
        as_set=entry.rows == "set",
        tolerance={
            name: Tolerance(**found.model_dump()) if isinstance(found, _Tolerance) else Tolerance(relative=found)
            for name, found in entry.tolerance.items()
        },
        source=shown_path(source, home),
        comment=comment,
        mutation=entry.mutation,
    )


def _query(file: Path, home: Path, dialect: Dialect) -> tuple[str, str]:
    """Return the single query of a file and its comment without instructions."""
    if not file.is_file():
        raise UsageError(f"There is no file {file}.", hint=f"{file.parent / MAP} names it.")
    query = read_one_query(file, shown_as=shown_path(file, home), dialect=dialect)
    return query.sql, query.meaning


def _refuse_unused_files(folder: Path, found: list[ParityObject], seen: set[str]) -> None:
    """Raise UsageError for SQL files that no entry names, because they would be ignored."""
    named = {f"{item.name}.sql" for item in found if item.expected_sql} | seen
    unused = sorted(path.name for path in folder.glob("*.sql") if path.name not in named)
    if unused:
        raise UsageError(f"{folder / MAP} does not name {', '.join(unused)}.", hint="Add an entry, or remove the file.")
