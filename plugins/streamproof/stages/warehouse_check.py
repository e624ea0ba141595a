"""Stage `warehouse_check` of mode `observe`: check that the warehouse answers and has the pack's schema."""

from __future__ import annotations

from contextlib import closing

from streamproof.model.errors import WarehouseError
from streamproof.packs.pack import INPUT
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.names import RunNames
from streamproof.runtime.stack_spec import CLICKHOUSE
from streamproof.runtime.warehouses import address_of
from streamproof.warehouse.common.columns import ENGINE_TABLES
from streamproof.warehouse.registry import open_warehouse

EXPECTED_COLUMNS = "expected_columns.json"


def run(ctx: RunContext) -> StageOutcome:
    """Compare the warehouse with the pack. It writes nothing and needs only the right to SELECT.

    Raises WarehouseError when the server does not answer, the database does not exist or is empty, or its schema is
    older or newer than the pack's.
    """
    settings, pack = ctx.database_settings(), ctx.pack
    source = ctx.outside().source
    with closing(open_warehouse(pack.warehouse, settings, source=source)) as warehouse:
        try:
            found = warehouse.check_schema(
                ctx.sql_dir / EXPECTED_COLUMNS, ctx.sql_dir / "schema", may_be_missing=pack.run_only_tables
            )
        except WarehouseError as error:
            raise WarehouseError(error.message, hint=f"{error.hint} The connection comes from {source}.") from None
        version = warehouse.version
        # Every schema of a run has these tables; in a database that no run has filled, they say nothing.
        filled_by_runs = [table for table in ENGINE_TABLES if table not in found.absent]
        empty = [table for table, count in warehouse.row_counts(filled_by_runs).items() if not count]
    for line in found.other_types:
        ctx.log(line)
    owner_topic = RunNames.of(pack, found.owner).input_topic if found.owner else None
    return StageOutcome(
        details={
            "clickhouse": settings.url if pack.warehouse == CLICKHOUSE else None,
            "warehouse": address_of(pack.warehouse, settings),
            "versions": {pack.warehouse: version},
            "database": settings.database,
            "user": settings.user,
            "compared_by": "migrations" if found.migrations else "columns",
            "migrations": found.migrations,
            "other_types": list(found.other_types),
            "absent_run_only_tables": list(found.absent),
            "empty_run_only_tables": empty,
            "input_topic": ctx.plan.input_topic or owner_topic or pack.topics.get(INPUT, pack.name),
            "settings_are_fixed": found.settings_are_fixed,
        }
    )
