"""The run by layer: what its checks say, how many rows each layer holds, and the funnel that is drawn from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamproof.model.results import LAYERS, CheckResult, StageResult, Status
from streamproof.report.formatting import whole
from streamproof.report.sections.entries import amount, nested

# The checks that compare a table with its expected rows: they know how many it holds, and how many it should.
_PARITY = "parity_"
_NAMED = 3
_LEAST_WIDTH = 0.4


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table or view. `expected`, `missing` and `unexpected` are None where nothing foretells them."""

    name: str
    rows: int
    expected: int | None = None
    missing: int | None = None
    unexpected: int | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its checks by status, its tables, and the names of the first checks that do not hold."""

    name: str
    passed: int
    failed: int
    errored: int
    skipped: int
    tables: tuple[Table, ...]
    wrong: tuple[str, ...]
    more_wrong: int

    @property
    def rows(self) -> int:
        """Return the rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def missing(self) -> int:
        """Return the expected rows that are not there; 0 also where nothing foretells them."""
        return sum(table.missing or 0 for table in self.tables)

    @property
    def unexpected(self) -> int:
        """Return the rows that nothing expects."""
        return sum(table.unexpected or 0 for table in self.tables)

    @property
    def status(self) -> str:
        """Return the worst status of the checks; skipped when there is none."""
        counts = {"failed": self.failed, "errored": self.errored, "passed": self.passed}
        return next((status for status, number in counts.items() if number), "skipped")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: `kind` is kept, rejected or lost; `start` and `width` are percent of the longest bar."""

    kind: str
    label: str
    amount: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the funnel. `unit` is what is counted."""

    name: str
    unit: str
    amount: int
    parts: tuple[Part, ...]


def layers(results: Mapping[str, StageResult]) -> tuple[Layer, ...]:
    """Return the layers that have checks or counted tables, in the order of the data flow."""
    checks: dict[str, list[CheckResult]] = {}
    for result in results.values():
        for check in result.checks:
            if check.layer:
                checks.setdefault(check.layer, []).append(check)
    tables = _tables(results)
    names = sorted({*checks, *tables}, key=lambda name: (LAYERS.index(name) if name in LAYERS else len(LAYERS), name))
    return tuple(_layer(name, checks.get(name, ()), tables.get(name, {})) for name in names)


def _tables(results: Mapping[str, StageResult]) -> dict[str, dict[str, Table]]:
    """Return the counted tables by layer: those that stage `query_pack` counted, and those that parity compares."""
    found: dict[str, dict[str, Table]] = {}
    for layer, counts in nested(results.get("query_pack"), "layers").items():
        found[layer] = {str(name): Table(str(name), whole(rows)) for name, rows in counts.items()}
    oracle = results.get("oracle")
    for check in oracle.checks if oracle else ():
        seen = check.diagnostics
        if check.name.startswith(_PARITY) and "rows_seen" in seen:
            name = check.name.removeprefix(_PARITY)
            numbers = (whole(seen.get(key)) for key in ("rows_seen", "rows_expected", "missing", "unexpected"))
            found.setdefault(check.layer, {})[name] = Table(name, *numbers)
    return found


def _layer(name: str, checks: Sequence[CheckResult], tables: Mapping[str, Table]) -> Layer:
    count = {status: sum(check.status is status for check in checks) for status in Status}
    wrong = [f"{check.suite}.{check.name}" for check in checks if check.status in (Status.FAILED, Status.ERRORED)]
    return Layer(
        name=name,
        passed=count[Status.PASSED],
        failed=count[Status.FAILED],
        errored=count[Status.ERRORED],
        skipped=count[Status.SKIPPED],
        tables=tuple(tables.values()),
        wrong=tuple(wrong[:_NAMED]),
        more_wrong=max(len(wrong) - _NAMED, 0),
    )


def funnel(results: Mapping[str, StageResult], found: Iterable[Layer]) -> tuple[Bar, ...]:
    """Return the bars of the funnel: the published records, what became of them, and the rows of each layer.

    All bars have one scale. A loss is drawn only where it is known: a published record without a row or a disposition,
    and an expected row that is missing. That a layer has more rows than the one before it says nothing.
    """
    bars = [*_record_bars(results), *_layer_bars(found)]
    longest = max((sum(count for _, _, count in parts) for _, _, _, parts in bars), default=0)
    return tuple(_bar(bar, longest) for bar in bars) if longest else ()


_Pieces = list[tuple[str, str, int]]
_Bar = tuple[str, str, int, _Pieces]


def _record_bars(results: Mapping[str, StageResult]) -> Iterator[_Bar]:
    published = amount(results.get("replay_events"), "published")
    if not published:
        return
    yield "published", "records", published, [("kept", "published", published)]
    raw = amount(results.get("pipeline_wait"), "raw_rows")
    if raw is not None:
        yield "in the raw table", "records", raw, [("kept", "in raw", raw), ("lost", "lost", max(published - raw, 0))]
    kinds = nested(results.get("conservation"), "dispositions")
    if kinds:
        totals = {kind: sum(whole(count) for count in families.values()) for kind, families in kinds.items()}
        accepted = totals.pop("accepted", 0)
        pieces = [("kept", "accepted", accepted), *(("rejected", kind, count) for kind, count in totals.items())]
        lost = max(published - accepted - sum(totals.values()), 0)
        yield "accepted", "records", accepted, [*pieces, ("lost", "without a disposition", lost)]


def _layer_bars(found: Iterable[Layer]) -> Iterator[_Bar]:
    for layer in found:
        if layer.tables:
            there = max(layer.rows - layer.unexpected, 0)
            pieces = [("kept", "rows", there), ("extra", "unexpected", layer.unexpected)]
            yield f"layer {layer.name}", "rows", layer.rows, [*pieces, ("lost", "missing", layer.missing)]


def _bar(bar: _Bar, longest: int) -> Bar:
    name, unit, total, pieces = bar
    parts: list[Part] = []
    start = 0.0
    for kind, label, count in pieces:
        if count:
            width = max(100 * count / longest, _LEAST_WIDTH)
            start = min(start, 100 - _LEAST_WIDTH)
            parts.append(Part(kind, label, count, round(start, 2), round(min(width, 100 - start), 2)))
            start += width
    return Bar(name, unit, total, tuple(parts))
