"""Store the rows that a pack's oracle expects, so that a query can compare them with the rows of the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from streamproof.model.errors import UsageError
from streamproof.warehouse.postgres.client import Client, quoted, refusals, run
from streamproof.warehouse.postgres.comparing.comparison import EXPECTED, comparable_type
from streamproof.warehouse.postgres.inserting import copy_rows

Row = Mapping[str, Any]
BATCH_ROWS = 20_000


def store_expected(
    client: Client,
    rows: Iterable[tuple[str, Row]],
    columns: Mapping[str, Mapping[str, str]],
    *,
    added: bool = False,
) -> dict[str, int]:
    """Store an oracle's rows, given as (object, row), in a table for each object; return their number by object.

    `columns` holds the types of the compared columns by object. An object without an expected row gets an empty table.
    With `added`, the tables exist, and the rows are added to theirs. Rows of other objects are ignored, because nothing
    compares them. It is one transaction. Raises UsageError for a row that does not fit its table, and WarehouseError.
    """
    numbers = dict.fromkeys(columns, 0)
    with client.writing() as session:
        for name, types in columns.items():
            if not added:
                _create(session, name, types)
        for batch in _batches(rows, columns):
            for name, found in batch.items():
                types = columns[name]
                refused = refusals(
                    f"The expected rows of {name} could not be stored", hint="The pack's oracle made them."
                )
                with refused:
                    numbers[name] += copy_rows(
                        session,
                        EXPECTED + name,
                        list(types),
                        ([row[column] for column in types] for row in found),
                        types=list(types.values()),
                    )
    return numbers


def _create(session: Any, name: str, types: Mapping[str, str]) -> None:
    table = quoted(EXPECTED + name)
    definition = ", ".join(f"{quoted(column)} {comparable_type(kind)}" for column, kind in types.items())
    with refusals(
        f"The table for the expected rows of {name} could not be created", hint="May the user create tables?"
    ):
        run(session, f"DROP TABLE IF EXISTS {table}")
        run(session, f"CREATE TABLE {table} ({definition})")


def _batches(
    rows: Iterable[tuple[str, Row]], columns: Mapping[str, Mapping[str, str]]
) -> Iterator[dict[str, list[Row]]]:
    """Yield the rows of some objects, by object, in batches. Raises UsageError."""
    remaining = iter(rows)
    while some := list(islice(remaining, BATCH_ROWS)):
        batch: dict[str, list[Row]] = {}
        for name, row in some:
            if name in columns:
                _refuse_unfit(name, row, columns[name])
                batch.setdefault(name, []).append(row)
        yield batch


def _refuse_unfit(name: str, row: Row, types: Mapping[str, str]) -> None:
    if row.keys() != types.keys():
        missing = ", ".join(sorted(types.keys() - row.keys())) or "nothing"
        unknown = ", ".join(sorted(row.keys() - types.keys())) or "nothing"
        raise UsageError(
            f"The oracle's row of {name} has no {missing}, and has unknown columns {unknown}.",
            hint="It must have every column of the table that is not exempt: see docs/write-a-pack.md, 'Oracle'.",
        )
