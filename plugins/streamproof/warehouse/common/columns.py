"""The columns that a pack's checks need, compared with those of a database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from streamproof.model.errors import UsageError, WarehouseError

# The tables of the engine itself, which every database with a schema has.
ENGINE_TABLES = ("replay_ledger", "reject_topic_ids", "service_log_lines")
_SHOWN = 12

# The type of each column, by table.
Columns = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The expected tables and columns that a warehouse does not have, and the columns that have another type."""

    missing_tables: tuple[str, ...]
    missing_columns: tuple[str, ...]
    other_types: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the missing tables and columns."""
        return (*self.missing_tables, *self.missing_columns)


def expected_columns(file: Path) -> Columns:
    """Read the expected columns, by table. Raises UsageError when the file is missing or broken."""
    try:
        found: dict[str, dict[str, str]] = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.", hint="Write it again: `make schema-columns`.") from None
    return found


def compare_columns(expected: Columns, found: Columns, *, leave_out: Collection[str]) -> Comparison:
    """Compare a warehouse with the expected columns. Tables in `leave_out` may be missing; additional ones are fine."""
    wanted = {table: columns for table, columns in expected.items() if table in found or table not in leave_out}
    both = [(table, name, kind) for table in wanted if table in found for name, kind in wanted[table].items()]
    return Comparison(
        missing_tables=tuple(table for table in wanted if table not in found),
        missing_columns=tuple(f"{table}.{name}" for table, name, _ in both if name not in found[table]),
        other_types=tuple(
            f"{table}.{name} is {found[table][name]}, not {kind}"
            for table, name, kind in both
            if found[table].get(name, kind) != kind
        ),
    )


def refuse_missing(comparison: Comparison, database: str) -> None:
    """Raise WarehouseError that names the missing tables, views and columns, if there are any."""
    if comparison.missing:
        raise WarehouseError(
            f"Database {database} has no {listed(comparison.missing)}.",
            hint="Is this the pack's warehouse, is its schema older, or may the user not SELECT from all of it?",
        )


def listed(names: Sequence[str]) -> str:
    """Return the first names as text, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
