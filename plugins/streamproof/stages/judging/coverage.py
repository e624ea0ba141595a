"""Column coverage: damage every column, row and event family on clones, and record which checks fail."""

from __future__ import annotations

from collections.abc import Sequence

from streamproof.model.errors import WarehouseError
from streamproof.model.plan import EVERY_DAMAGE, PROVE
from streamproof.model.proofs.coverage import ColumnCoverage, DamageOutcome, DamageResult
from streamproof.model.results import CheckResult, Status
from streamproof.proving.coverage import Coverage
from streamproof.proving.mutations import Prover
from streamproof.runs.context import RunContext
from streamproof.runtime.files import write_json
from streamproof.stages.judging.parity import exemptions, known_shapes
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.clones import Clone, Target
from streamproof.warehouse.values import Shape

ARTIFACT = "coverage.json"


def cover(ctx: RunContext, prover: Prover, clones: Sequence[Clone]) -> ColumnCoverage:
    """Damage every object of the pack's layers and write the matrix to `coverage.json`.

    Raises UsageError for an exemption that matches no column, WarehouseError.
    """
    with ctx.warehouse() as warehouse:
        targets, exempt = _targets(ctx, warehouse)
    # The widest object takes longest. It comes first, so that the clones finish at about the same time.
    order = sorted(targets, key=lambda target: -len(target.columns))
    coverage = Coverage(prover, every=ctx.plan.coverage == EVERY_DAMAGE, say=ctx.log)
    found = ColumnCoverage(
        results=tuple(coverage.measure_all(clones, order)),
        columns={target.name: tuple(target.columns) for target in targets},
        exempt=exempt,
    )
    write_json(ctx.folder.root / ARTIFACT, found.as_json())
    return found


def coverage_checks(found: ColumnCoverage) -> tuple[CheckResult, ...]:
    """Return one check per object.

    It fails when no check noticed one of the object's damages, or when no damage of a column changes a value.
    """
    survivors: dict[str, list[str]] = {}
    for entry in found.survivors():
        survivors.setdefault(entry["table"], []).append(
            f"{entry['column'] or 'rows'}: {entry['damage']}: {entry['reason']}"
        )
    return tuple(_check(table, found.results, survivors.get(table, [])) for table in found.columns)


def _check(table: str, results: Sequence[DamageResult], survivors: Sequence[str]) -> CheckResult:
    own = [result for result in results if result.table == table]
    return CheckResult(
        suite=PROVE,
        name=f"coverage.{table}",
        status=Status.FAILED if survivors else Status.PASSED,
        failed_rows=len(survivors),
        diagnostics={
            "damages": len(own),
            "covered": sum(result.outcome is DamageOutcome.COVERED for result in own),
            "no_effect": sum(result.outcome is DamageOutcome.NO_EFFECT for result in own),
            "survivors": list(survivors),
        },
        layer=own[0].layer if own else "",
    )


def _targets(ctx: RunContext, warehouse: Warehouse) -> tuple[list[Target], dict[str, str]]:
    """Return every object of the pack's layers, and the reason of each exempt column by `object.column`."""
    layers = list(ctx.pack.layers)
    layer_of = {name: layer for layer, names in ctx.pack.layers.items() for name in names}
    shapes = known_shapes(ctx, warehouse)
    if missing := sorted(layer_of.keys() - shapes.keys()):
        raise WarehouseError(
            f"The run's database has no {', '.join(missing)}.",
            hint="`layers` of pack.yaml names what it does not have.",
        )
    exempt = {name: why for name, why in exemptions(ctx, shapes).items() if name.partition(".")[0] in layer_of}
    targets = [
        _target(name, layer, layers, shapes[name], exempt, ctx.pack.family_columns.get(name, ""))
        for name, layer in layer_of.items()
    ]
    return targets, exempt


def _target(name: str, layer: str, layers: Sequence[str], shape: Shape, exempt: dict[str, str], family: str) -> Target:
    position = layers.index(layer)
    columns = {column: kind for column, kind in shape.columns.items() if f"{name}.{column}" not in exempt}
    return Target(name, layer, tuple(layers[position : position + 2]), shape, columns, family)
