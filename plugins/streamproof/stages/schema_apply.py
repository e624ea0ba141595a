"""Stage `schema_apply`: create the run's own database with the pack's schema."""

from __future__ import annotations

from contextlib import closing

from streamproof.runs.context import RunContext, StageOutcome
from streamproof.warehouse.registry import open_server
from streamproof.warehouse.values import Feed


def run(ctx: RunContext) -> StageOutcome:
    """Create the run's database and apply the schema without retention: captured events are old and would expire.

    A second call in the same run changes nothing. Raises WarehouseError when the database exists and this run did
    not create it, or when the server refuses a migration; SqlSourceError for a migration that cannot be read.
    """
    with closing(open_server(ctx.pack.warehouse, ctx.server_settings())) as server:
        created = server.claim(ctx.names.database, ctx.plan.run_id, ctx.pack.name)
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


def feed_of(ctx: RunContext) -> Feed:
    """Return the brokers, topic and consumer group from which the warehouse reads. Raises StackError."""
    kafka = ctx.kafka()
    return Feed(
        bootstrap_servers=ctx.stack_state().bootstrap_from_clickhouse or kafka.bootstrap_servers,
        topic=ctx.names.input_topic,
        group=ctx.names.raw_group,
        options=kafka.options,
    )
