"""The query that compares an object's rows with the rows that it should have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamproof.sql.dialects import CLICKHOUSE
from streamproof.sql.templating import render
from streamproof.warehouse.values import Comparison, Tolerance

# The number of examples in a result, for each column and each kind of difference.
SHOWN = 5
# Differences up to this size count as equal: sums that cancel each other leave such remainders.
_NEARLY_ZERO = 1e-12
# The prefix of a table with the rows that an oracle expects of an object.
EXPECTED = "expected__"

_TEMPLATE = Path(__file__).with_name("comparison.sql.j2")
_LOW_CARDINALITY = re.compile(r"^LowCardinality\((.*)\)$")
_FLOAT = re.compile(r"^(?:Nullable\()?(?:BFloat16|Float32|Float64)\b")
# Types that cannot be nullable. Their values are compared as text.
_COMPOSITE = re.compile(r"^(?:Array|Map|Tuple|Nested|JSON|Object|Dynamic|Variant|AggregateFunction)\b")

quoted = CLICKHOUSE.identifier


def comparable_type(declared: str) -> str:
    """Return the type to which both sides of a comparison are cast. It is nullable, so that a lost value stays NULL."""
    plain = _LOW_CARDINALITY.sub(r"\1", declared)
    if plain.startswith("Nullable(") or _COMPOSITE.match(plain):
        return plain
    return f"Nullable({plain})"


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
    def is_float(self) -> bool:
        """Return whether the column can hold NaN and infinity, which no correct pipeline writes."""
        return bool(_FLOAT.match(self.type))

    @property
    def same(self) -> str:
        """Return the SQL condition that two values agree. NULL equals only NULL; NaN and infinity equal nothing."""
        seen, expected = f"s.{self.quoted}", f"e.{self.quoted}"
        if _COMPOSITE.match(self.type):
            return f"(toString({seen}) = toString({expected}))"
        equal = f"{seen} = {expected}"
        if self.tolerance is not None:
            greatest = f"{self._relative(self.tolerance)} * greatest(abs({seen}), abs({expected}))"
            equal = f"abs({seen} - {expected}) <= greatest({greatest}, {_NEARLY_ZERO!r})"
        if self.is_float:
            equal = f"({equal} AND isFinite({seen}))"
        return f"ifNull({equal}, {seen} IS NULL AND {expected} IS NULL)"

    @staticmethod
    def _relative(tolerance: Tolerance) -> str:
        if not tolerance.rows:
            return repr(tolerance.relative)
        return f"if(e.{quoted(tolerance.rows)} > {tolerance.exact_to}, {tolerance.relative!r}, {tolerance.small!r})"


def comparison_sql(comparison: Comparison, columns: Mapping[str, str], *, detail: bool) -> str:
    """Return the query that compares an object. `columns` holds the types of the compared columns as they are read.

    The query returns one row. If no column has a tolerance, rows are compared by hash: the row has rows_seen,
    rows_expected, rows_differing (rows that only one side has) and rows_not_finite. With a tolerance, or with `detail`,
    it has rows_seen, rows_expected, missing, unexpected and differing; without a tolerance, the first two then count
    only differing rows. `detail` adds missing_keys, unexpected_keys, and by_column: (name, rows, [(key, expected,
    seen)]).
    """
    margins = comparison.tolerance
    compared = [Column(name, comparable_type(declared), margins.get(name)) for name, declared in columns.items()]
    floats = [f"ifNull(isFinite({column.quoted}), true)" for column in compared if column.is_float]
    variables = {
        "columns": compared,
        "quoted": [column.quoted for column in compared],
        "keys": [quoted(name) for name in comparison.key],
        "finite": " AND ".join(floats) or "true",
        "seen": _seen(comparison),
        "expected": _expected(comparison),
        "as_set": comparison.as_set,
        "by_hash": not margins,
        "detail": detail,
        "shown": SHOWN,
    }
    return render(_TEMPLATE.read_text(encoding="utf-8"), variables, _TEMPLATE.name)


def _seen(comparison: Comparison) -> str:
    """Return the FROM clause, without the keyword, of the object's own rows."""
    if comparison.seen_sql:
        return f"(\n{comparison.seen_sql}\n)"
    return f"{comparison.name}{' FINAL' if comparison.shape.merges else ''}"


def _expected(comparison: Comparison) -> str:
    """Return the FROM clause, without the keyword, of the object's expected rows."""
    if comparison.expected_sql:
        return f"(\n{comparison.expected_sql}\n)"
    return f"{quoted(comparison.expected_database)}.{quoted(EXPECTED + comparison.name)}"
