"""Stage `schema_apply`: create the run's own database with the pack's schema."""

from __future__ import annotations

from contextlib import closing

from streamproof.packs.processors import RunningProcessor
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.names import RAW
from streamproof.warehouse.registry import open_server
from streamproof.warehouse.values import Feed


def run(ctx: RunContext) -> StageOutcome:
    """Create the run's database and apply the schema without retention: captured events are old and would expire.

    A second call in the same run changes nothing. Raises WarehouseError when the database exists and this run did
    not create it, or when the server refuses a migration; SqlSourceError for a migration that cannot be read.
    """
    with closing(open_server(ctx.pack.warehouse, ctx.server_settings())) as server:
        created = server.claim(ctx.names.database, ctx.plan.run_id, ctx.pack.name)
    if shared := ctx.shared_pipeline():
        return _show_correlated(ctx, shared, created=created)
    with ctx.warehouse() as warehouse:
        migrations, statements = warehouse.apply_schema(ctx.sql_dir / "schema", feed=feed_of(ctx), retention=False)
    ctx.log(f"database {ctx.names.database}: {len(migrations)} migrations, {statements} statements")
    return StageOutcome(
        details={
            "database": ctx.names.database,
            "created": created,
            "migrations": migrations,
            "statements": statements,
        }
    )


def _show_correlated(ctx: RunContext, shared: RunningProcessor, *, created: bool) -> StageOutcome:
    """Create views of the running pipeline's tables that show only the rows of this run. Raises WarehouseError."""
    rules = ctx.correlation_rules()
    tables = tuple(dict.fromkeys(name for names in ctx.pack.layers.values() for name in names))
    with ctx.warehouse() as warehouse:
        warehouse.show_correlated(shared.database, tables, rules.columns, ctx.plan.correlation)
    ctx.log(f"database {ctx.names.database}: {len(tables)} views of the rows of this run in {shared.database}")
    return StageOutcome(details={"database": ctx.names.database, "created": created, "views": list(tables)})


def feed_of(ctx: RunContext) -> Feed | None:
    """Return the brokers, topic and group from which the warehouse reads, None without topics. Raises StackError."""
    if ctx.pack.source:
        return None
    kafka = ctx.kafka()
    return Feed(
        bootstrap_servers=ctx.stack_state().bootstrap_from_clickhouse or kafka.bootstrap_servers,
        topic=ctx.names.input_topic,
        group=ctx.names.groups[RAW],
        options=kafka.options,
        topics=ctx.names.topics,
        groups=ctx.names.groups,
    )
