"""Compare every object of the pack with the rows that it should hold, foretold or computed from below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from streamproof.checks.exemptions import exempt_columns
from streamproof.checks.oracle_parts import Expectation
from streamproof.checks.parity import SUITE, Parity
from streamproof.checks.parity_map import ParityObject
from streamproof.checks.published import PublishedRecord, placed
from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.proof import Mutant
from streamproof.model.results import CheckResult
from streamproof.proving.mutations import Subject
from streamproof.runs.context import RunContext
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import Shape


def pack_parity(ctx: RunContext) -> tuple[ParityObject, ...]:
    """Return the objects that the pack compares, in the order of the layers. Raises UsageError or SqlSourceError."""
    return ctx.files.parity


def open_parity(ctx: RunContext, warehouse: Warehouse) -> Parity:
    """Return the comparison for the run's database. Raises UsageError for an exemption that names nothing."""
    objects = pack_parity(ctx)
    shapes = known_shapes(ctx, warehouse)
    return Parity(objects, shapes, exemptions(ctx, shapes), ctx.names.database)


def known_shapes(ctx: RunContext, warehouse: Warehouse) -> dict[str, Shape]:
    """Return the shape of every object that the pack compares or names in a layer, as far as it is there."""
    layers = [name for names in ctx.pack.layers.values() for name in names]
    return warehouse.shapes({*layers, *(item.name for item in pack_parity(ctx))})


def exemptions(ctx: RunContext, shapes: Mapping[str, Shape]) -> dict[str, str]:
    """Return the reason by `object.column` of every exempt column. Raises UsageError for one that names nothing."""
    return exempt_columns(ctx.pack.exempt_columns, {name: list(shape.columns) for name, shape in shapes.items()})


class PublishedRecords:
    """What a run published, in its order, with the place that the broker gave it. It can be read again and again."""

    def __init__(self, ctx: RunContext, warehouse: Warehouse, replay: ReplayPlan) -> None:
        """Remember where the records are."""
        self._ctx = ctx
        self._warehouse = warehouse
        self._replay = replay

    def __iter__(self) -> Iterator[PublishedRecord]:
        values = (
            (event.publish_ms, (event.key or b"").decode("utf-8", "replace"), value)
            for event, value in self._replay.records()
        )
        return placed(values, self._warehouse.ledger_places(), self._ctx.plan.run_id)


def judge_parity(ctx: RunContext, warehouse: Warehouse, expectation: Expectation) -> list[CheckResult]:
    """Store the rows that the oracle expects and judge every object. Raises UsageError or WarehouseError."""
    parity = open_parity(ctx, warehouse)
    foretold = {item.name: parity.columns(item.name) for item in parity.objects if item.is_foretold}
    if foretold:
        numbers = warehouse.store_expected(expectation.rows(), foretold)
        ctx.log(f"{sum(numbers.values())} expected rows of {len(numbers)} tables computed from the events")
    results = parity.judge(warehouse)
    for check in results:
        ctx.log(f"{check.status} {check.name}: {check.failed_rows} rows differ {check.error or ''}".rstrip())
    return results


def parity_subjects(ctx: RunContext) -> list[Subject]:
    """Return the comparisons with a mutation each, to be proved: every object loses its rows."""
    with ctx.warehouse() as warehouse:
        parity = open_parity(ctx, warehouse)
        return [
            _subject(parity, item, warehouse.emptying(item.name, is_view=parity.is_view(item.name)))
            for item in parity.objects
        ]


def _subject(parity: Parity, item: ParityObject, emptying: tuple[str, ...]) -> Subject:
    mutant = Mutant(
        suite=SUITE,
        check=item.check,
        name="every row is lost",
        statements=emptying,
        source=item.source,
    )

    def run(warehouse: Warehouse) -> Sequence[CheckResult]:
        return [parity.judge_one(warehouse, item)]

    def look(warehouse: Warehouse) -> bool:
        return parity.differs(warehouse, item)

    return Subject(SUITE, (item.check,), (mutant,), item.text, run=run, compares_all=True, layer=item.layer, look=look)
