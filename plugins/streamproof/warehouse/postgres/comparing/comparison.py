"""The query that compares an object's rows with the rows that it should have."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import UsageError
from streamproof.sql.dialects import POSTGRES
from streamproof.sql.templating import render
from streamproof.warehouse.postgres.client import quoted
from streamproof.warehouse.values import Comparison, Tolerance

# The number of examples in a result, for each column and each kind of difference.
SHOWN = 5
# Differences up to this size count as equal: sums that cancel each other leave such remainders.
_NEARLY_ZERO = 1e-12
# The prefix of a table with the rows that an oracle expects of an object.
EXPECTED = "expected__"

_TEMPLATE = Path(__file__).with_name("comparison.sql.j2")
_FLOAT = re.compile(r"^(?:real|double precision|numeric\b)")
# Types without an equality operator. Their values are compared as jsonb, or as text.
_AS_JSONB = re.compile(r"^json$")
_AS_TEXT = re.compile(r"^(?:xml|point|line|lseg|box|path|polygon|circle|json\[\])$")


def comparable_type(declared: str) -> str:
    """Return the type to which both sides of a comparison are cast."""
    if _AS_JSONB.match(declared):
        return "jsonb"
    return "text" if _AS_TEXT.match(declared) else declared


@dataclass(frozen=True, slots=True)
class Column:
    """A compared column, for the template. In its condition `same`, `s` is the seen row and `e` the expected row."""

    name: str
    type: str
    tolerance: Tolerance | None = None

    @property
    def quoted(self) -> str:
        """Return the name as an identifier."""
        return quoted(self.name)

    @property
    def read(self) -> str:
        """Return the SQL of the value as it is compared. A number without a scale has no final zeros."""
        value = f"{self.quoted}::{self.type}"
        return f"trim_scale({value})" if self.type == "numeric" else value

    @property
    def is_float(self) -> bool:
        """Return whether the column can hold NaN and infinity, which no correct pipeline writes."""
        return bool(_FLOAT.match(self.type))

    @property
    def finite(self) -> str:
        """Return the SQL condition that a value is finite or NULL."""
        return f"coalesce({self.quoted}::text NOT IN ('NaN', 'Infinity', '-Infinity'), true)"

    @property
    def same(self) -> str:
        """Return the SQL condition that two values agree. NULL equals only NULL; NaN and infinity equal nothing."""
        seen, expected = f"s.{self.quoted}", f"e.{self.quoted}"
        equal = f"{seen} = {expected}"
        if self.tolerance is not None:
            number, other = f"{seen}::double precision", f"{expected}::double precision"
            greatest = f"{self._relative(self.tolerance)} * greatest(abs({number}), abs({other}))"
            equal = f"abs({number} - {other}) <= greatest({greatest}, {_NEARLY_ZERO!r})"
        if self.is_float:
            equal = f"({equal} AND {seen}::text NOT IN ('NaN', 'Infinity', '-Infinity'))"
        return f"coalesce({equal}, {seen} IS NULL AND {expected} IS NULL)"

    @staticmethod
    def _relative(tolerance: Tolerance) -> str:
        if not tolerance.rows:
            return repr(tolerance.relative)
        many = f"e.{quoted(tolerance.rows)} > {tolerance.exact_to}"
        return f"CASE WHEN {many} THEN {tolerance.relative!r} ELSE {tolerance.small!r} END"


def comparison_sql(
    comparison: Comparison, columns: Mapping[str, str], *, databases: Collection[str], detail: bool
) -> str:
    """Return the query that compares an object; `columns` holds the types of the compared columns.

    The query returns one row, with the columns that `Warehouse.compare` names. It finds the expected rows of
    `databases` in its own one: a clone has a copy of its source's. Raises UsageError for rows in another database.
    """
    compared = [
        Column(name, comparable_type(declared), comparison.tolerance.get(name)) for name, declared in columns.items()
    ]
    floats = [column.finite for column in compared if column.is_float]
    variables = {
        "columns": compared,
        "quoted": [column.quoted for column in compared],
        "on_side": [f"side.{column.quoted}" for column in compared],
        "keys": [quoted(name) for name in comparison.key],
        "finite": " AND ".join(floats) or "true",
        "seen": _seen(comparison),
        "expected": _expected(comparison, databases),
        "as_set": comparison.as_set,
        "by_hash": not comparison.tolerance,
        "detail": detail,
        "shown": SHOWN,
    }
    return render(_TEMPLATE.read_text(encoding="utf-8"), variables, _TEMPLATE.name, POSTGRES)


def _seen(comparison: Comparison) -> str:
    """Return the FROM clause, without the keyword, of the object's own rows."""
    return f"(\n{comparison.seen_sql}\n) AS own" if comparison.seen_sql else f"{quoted(comparison.name)} AS own"


def _expected(comparison: Comparison, databases: Collection[str]) -> str:
    """Return the FROM clause, without the keyword, of the object's expected rows."""
    if comparison.expected_sql:
        return f"(\n{comparison.expected_sql}\n) AS foretold"
    if comparison.expected_database not in ("", *databases):
        raise UsageError(
            f"The expected rows of {comparison.name} are in database {comparison.expected_database}.",
            hint="A PostgreSQL database cannot read another: store them in the database that is compared.",
        )
    return f"{quoted(EXPECTED + comparison.name)} AS foretold"
