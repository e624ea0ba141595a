"""How a run starts its processor: the command of its pack, with the names of the run filled in."""

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
    """Return how the run's processor is started; None for kind `warehouse`, which has no process.

    Values that are known only once the stack runs stay placeholders. Raises UsageError for an unknown placeholder.
    """
    chosen = ctx.pack.processor(ctx.plan.processor)
    if not isinstance(chosen, CommandProcessor):
        return None
    known = {**_names(ctx), **{name: f"{{{name}}}" for name in PLACEHOLDERS}}
    status_file = str(ctx.folder.stack / "processor_status.json")
    files = {chosen.status_file: status_file, chosen.state_dir: str(ctx.folder.stack / "data" / "processor")}
    # In a container, docker-compose.yaml sets the paths of these files.
    own = {} if ctx.plan.stack == COMPOSE else {variable: path for variable, path in files.items() if variable}
    return ProcessorLaunch(
        argv=tuple(fill(part, known) for part in chosen.argv),
        env={**{name: fill(text, known) for name, text in chosen.env.items()}, **own},
        status_file=status_file if chosen.status_file else "",
        python_path=str(ctx.pack.python_dir),
    )


def processor_secrets(ctx: RunContext) -> dict[str, str]:
    """Return the processor's environment variables that may hold secrets. They are never written to a file.

    On a stack that the run starts itself, the variables get empty or default values. Raises StackError when the run
    needs connections and none are configured.
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
