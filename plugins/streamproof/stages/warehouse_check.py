"""Stage `warehouse_check` of an observation: is the warehouse there, and is it one that the pack's checks can judge."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.packs.pack import INPUT
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.names import RunNames
from streamproof.stages.schema_apply import OWNER_TABLE
from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.clickhouse.migrations import LEDGER
from streamproof.warehouse.clickhouse.preflight import connect_outside
from streamproof.warehouse.clickhouse.reading import is_frozen, refuse_profile
from streamproof.warehouse.clickhouse.schema import (
    Columns,
    compare_columns,
    expected_columns,
    read_columns,
    refuse_missing,
    refuse_other_migrations,
)

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

EXPECTED_COLUMNS = "expected_columns.json"
_OWNER = f"SELECT run_id FROM {OWNER_TABLE}"  # noqa: S608 - a constant


def run(ctx: RunContext) -> StageOutcome:
    """Compare the warehouse with the pack; nothing is written, and SELECT is all that the user needs.

    A database with our ledger of migrations is compared by it, and every one by the columns that the user may see.
    Raises WarehouseError: no answer, no such database, nothing in it, or a schema that is older or newer.
    """
    settings = ctx.clickhouse_settings()
    with closing(connect_outside(settings, source=ctx.outside().source)) as client:
        refuse_profile(client)
        found = read_columns(client)
        if not found:
            raise WarehouseError(
                f"Database {settings.database} holds nothing that user {settings.user} may read.",
                hint=f"The connection comes from {ctx.outside().source}: is the database right, is SELECT granted?",
            )
        comparison = compare_columns(_expected(ctx), found, leave_out=ctx.pack.run_only_tables)
        migrations = refuse_other_migrations(client, ctx.sql_dir / "schema") if LEDGER in found else None
        # Also with a ledger: what it says was made may have been dropped since, or is not this user's to see.
        refuse_missing(comparison, settings.database)
        topic = ctx.plan.input_topic or _topic_of_owner(ctx, client, found) or ctx.pack.topics[INPUT]
        frozen = is_frozen(client)
    for line in comparison.other_types:
        ctx.log(line)
    return StageOutcome(
        details={
            "clickhouse": settings.url,
            "versions": {"clickhouse": client.server_version},
            "database": settings.database,
            "user": settings.user,
            "compared_by": "migrations" if migrations else "columns",
            "migrations": migrations,
            "other_types": list(comparison.other_types),
            "absent_run_only_tables": [name for name in ctx.pack.run_only_tables if name not in found],
            "input_topic": topic,
            "settings_are_fixed": frozen,
        }
    )


def _expected(ctx: RunContext) -> Columns:
    return expected_columns(ctx.sql_dir / EXPECTED_COLUMNS)


def _topic_of_owner(ctx: RunContext, client: Client, found: Columns) -> str | None:
    """Return the input topic of the run that made the database, None when no run of ours did."""
    if OWNER_TABLE not in found:
        return None
    owners = rows(client, _OWNER)
    return RunNames.of(ctx.pack, str(owners[0]["run_id"])).input_topic if len(owners) == 1 else None
