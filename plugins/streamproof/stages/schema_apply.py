"""Stage `schema_apply`: give the run a database of its own, with the pack's schema in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from streamproof.warehouse.clickhouse.migrations import apply_migrations

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# By librdkafka's property. ClickHouse shows the password nowhere: not in system.tables, not in its query log.
_ENGINE_SETTINGS = {
    "security.protocol": "kafka_security_protocol",
    "sasl.mechanism": "kafka_sasl_mechanism",
    "sasl.mechanisms": "kafka_sasl_mechanism",
    "sasl.username": "kafka_sasl_username",
    "sasl.password": "kafka_sasl_password",
}
# The table that says who made a database. Only a database with a row of the same run in it is ever dropped or reused.
OWNER_TABLE = "streamproof_owner"
_OWNER_DDL = f"""
CREATE TABLE {OWNER_TABLE}
(
    run_id String,
    pack String,
    created_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY run_id
"""


def run(ctx: RunContext) -> StageOutcome:
    """Create the run's database and apply the schema, retention off: captured events are old.

    Run again in the same run, it changes nothing. Raises WarehouseError when the name is taken by a database that this
    run did not create, and what `apply_migrations` raises.
    """
    server = connect(ctx.server_settings())
    try:
        created = _claim(server, ctx)
    finally:
        server.close()
    variables = {
        "kafka": True,
        "retention": False,
        "kafka_bootstrap": ctx.stack_state().bootstrap_from_clickhouse or ctx.kafka().bootstrap_servers,
        "input_topic": ctx.names.input_topic,
        "raw_group": ctx.names.raw_group,
        "kafka_settings": kafka_engine_settings(ctx.kafka().options),
    }
    with ctx.clickhouse() as client:
        applied = apply_migrations(client, ctx.sql_dir / "schema", variables)
    statements = sum(migration.statements for migration in applied)
    ctx.log(f"database {ctx.names.database}: {len(applied)} migrations, {statements} statements")
    return StageOutcome(
        details={
            "database": ctx.names.database,
            "created": created,
            "migrations": [f"{migration.number:04d}_{migration.name}" for migration in applied],
            "statements": statements,
        }
    )


def kafka_engine_settings(options: Mapping[str, str]) -> dict[str, str]:
    """Return what ClickHouse's Kafka engine takes of a client's options; certificates are its server's to know."""
    return {setting: options[name] for name, setting in _ENGINE_SETTINGS.items() if options.get(name)}


def _claim(server: Client, ctx: RunContext) -> bool:
    """Make the database and mark it as the run's; return whether it is new. Raises WarehouseError."""
    name = {"database": ctx.names.database}
    if rows(server, "SELECT 1 FROM system.databases WHERE name = {database:String}", name):
        if owner_of(server, ctx.names.database) != ctx.plan.run_id:
            raise WarehouseError(
                f"Database {ctx.names.database} is there and does not belong to run {ctx.plan.run_id}.",
                hint="Choose another --run-id. streamproof never touches a database that it did not create.",
            )
        return False
    execute(server, "CREATE DATABASE {database:Identifier}", name)
    try:
        _mark(ctx)
    except WarehouseError:
        # Without its mark nobody would know whose it is, and nobody would ever drop it.
        execute(server, "DROP DATABASE {database:Identifier} SYNC", name)
        raise
    return True


def _mark(ctx: RunContext) -> None:
    with ctx.clickhouse() as client:
        execute(client, _OWNER_DDL)
        execute(
            client,
            f"INSERT INTO {OWNER_TABLE} (run_id, pack) VALUES ({{run_id:String}}, {{pack:String}})",  # noqa: S608
            {"run_id": ctx.plan.run_id, "pack": ctx.pack.name},
        )


def owner_of(server: Client, database: str) -> str | None:
    """Return the run that created a database, None when streamproof did not. Raises WarehouseError."""
    place = {"database": database, "table": OWNER_TABLE}
    marked = "SELECT 1 FROM system.tables WHERE database = {database:String} AND name = {table:String}"
    if not rows(server, marked, place):
        return None
    found = rows(server, "SELECT run_id FROM {database:Identifier}.{table:Identifier}", place)
    return str(found[0]["run_id"]) if len(found) == 1 else None
