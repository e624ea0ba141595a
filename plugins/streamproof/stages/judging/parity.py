"""Compare every table and view of the pack with its expected rows, from the oracle or computed from the layer below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamproof.checks.exemptions import exempt_columns
from streamproof.checks.parity import SUITE, Parity
from streamproof.checks.parity_map import ParityObject
from streamproof.model.proofs.proof import Mutant
from streamproof.model.results import CheckResult
from streamproof.proving.mutations import Subject
from streamproof.runs.context import RunContext
from streamproof.stages.expecting.expected import Expected
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import Shape


def open_parity(ctx: RunContext, warehouse: Warehouse) -> Parity:
    """Return the comparison for the run's database. Raises UsageError for an exemption that matches no column."""
    shapes = known_shapes(ctx, warehouse)
    return Parity(ctx.files.parity, shapes, exemptions(ctx, shapes), ctx.names.database)


def known_shapes(ctx: RunContext, warehouse: Warehouse) -> dict[str, Shape]:
    """Return the shapes of the existing objects that the pack compares or assigns to a layer."""
    layers = [name for names in ctx.pack.layers.values() for name in names]
    return warehouse.shapes({*layers, *(item.name for item in ctx.files.parity)})


def exemptions(ctx: RunContext, shapes: Mapping[str, Shape]) -> dict[str, str]:
    """Return the reason for each exempt column by `object.column`. Raises UsageError for an entry without a match."""
    return exempt_columns(ctx.pack.exempt_columns, {name: list(shape.columns) for name, shape in shapes.items()})


def judge_parity(ctx: RunContext, warehouse: Warehouse, expected: Expected) -> list[CheckResult]:
    """Store the rows that the oracle expects and judge every object. Raises UsageError or WarehouseError."""
    parity = open_parity(ctx, warehouse)
    expected_columns = {item.name: parity.columns(item.name) for item in parity.objects if item.is_from_oracle}
    if expected_columns:
        numbers = expected.store(expected_columns)
        ctx.log(f"{sum(numbers.values())} expected rows of {len(numbers)} tables computed from the events")
    results = parity.judge(warehouse)
    for check in results:
        ctx.log(f"{check.status} {check.name}: {check.failed_rows} rows differ {check.error or ''}".rstrip())
    return results


def parity_subjects(ctx: RunContext) -> list[Subject]:
    """Return the comparisons with one mutation each: the pack's own, or one that leaves the object without rows."""
    with ctx.warehouse() as warehouse:
        parity = open_parity(ctx, warehouse)
        return [_subject(parity, item, *_mutation(warehouse, parity, item)) for item in parity.objects]


def _mutation(warehouse: Warehouse, parity: Parity, item: ParityObject) -> tuple[str, tuple[str, ...]]:
    """Return the name and the statements of the mutation of a comparison."""
    if item.mutation:
        return "the mutation of the parity map", (item.mutation,)
    return "every row is lost", warehouse.emptying(item.name, is_view=parity.is_view(item.name))


def _subject(parity: Parity, item: ParityObject, name: str, statements: tuple[str, ...]) -> Subject:
    mutant = Mutant(
        suite=SUITE,
        check=item.check,
        name=name,
        statements=statements,
        source=item.source,
    )

    def run(warehouse: Warehouse) -> Sequence[CheckResult]:
        return [parity.judge_one(warehouse, item)]

    def look(warehouse: Warehouse) -> bool:
        return parity.differs(warehouse, item)

    return Subject(SUITE, (item.check,), (mutant,), item.text, run=run, compares_all=True, layer=item.layer, look=look)
