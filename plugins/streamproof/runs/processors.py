"""How the processor of a run is started: what its pack says, with the names of the run filled in."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import orjson

from streamproof.model.plan import COMPOSE
from streamproof.model.settings import ClickHouseSettings, KafkaSettings
from streamproof.packs.processors import CommandProcessor, fill
from streamproof.runs.context import RunContext
from streamproof.runtime.environment import PLACEHOLDERS
from streamproof.runtime.stack_spec import ProcessorLaunch


def processor_launch(ctx: RunContext) -> ProcessorLaunch | None:
    """Return how the run's processor is started; None for one of kind `warehouse`, which has no process.

    What is only known of a started stack stays a placeholder. Raises UsageError for a placeholder that does not exist.
    """
    chosen = ctx.pack.processor(ctx.plan.processor)
    if not isinstance(chosen, CommandProcessor):
        return None
    known = {**_names(ctx), **{name: f"{{{name}}}" for name in PLACEHOLDERS}}
    status_file = str(ctx.folder.stack / "processor_status.json")
    files = {chosen.status_file: status_file, chosen.state_dir: str(ctx.folder.stack / "data" / "processor")}
    # Of a container, docker-compose.yaml says where it keeps these.
    own = {} if ctx.plan.stack == COMPOSE else {variable: path for variable, path in files.items() if variable}
    return ProcessorLaunch(
        argv=tuple(fill(part, known) for part in chosen.argv),
        env={**{name: fill(text, known) for name, text in chosen.env.items()}, **own},
        status_file=status_file if chosen.status_file else "",
    )


def processor_secrets(ctx: RunContext) -> dict[str, str]:
    """Return the processor's variables that may hold secrets: they are given to it and written nowhere.

    A stack that the run starts itself has none; they are filled in all the same. Raises StackError when the run works
    on services that nobody has named.
    """
    chosen = ctx.pack.processor(ctx.plan.processor)
    if not isinstance(chosen, CommandProcessor):
        return {}
    clickhouse, kafka = ClickHouseSettings("", 0), KafkaSettings("")
    if ctx.plan.needs_connections:
        clickhouse, kafka = ctx.outside().clickhouse, ctx.outside_kafka()
    known = {**_names(ctx), **_secret_values(clickhouse, kafka)}
    return {name: fill(text, known) for name, text in chosen.secrets.items()}


def _names(ctx: RunContext) -> dict[str, str]:
    topics = {f"topic.{role}": name for role, name in ctx.names.topics.items()}
    groups = {f"group.{role}": name for role, name in ctx.names.groups.items()}
    return {"python": sys.executable, "database": ctx.names.database, **topics, **groups}


def _secret_values(clickhouse: ClickHouseSettings, kafka: KafkaSettings) -> Mapping[str, str]:
    return {
        "clickhouse_password": clickhouse.password,
        "clickhouse_verify": "on" if clickhouse.verify else "off",
        "clickhouse_ca_cert": clickhouse.ca_cert or "",
        "kafka_options_json": orjson.dumps(dict(kafka.options)).decode(),
    }
