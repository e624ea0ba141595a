"""The stacks of this machine: where they are, and what is shown of them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamproof.environment import Environment
    from streamproof.model.stack import StackState
    from streamproof.runs.context import RunContext


def stack_folders(environment: Environment) -> list[Path]:
    """Return the folders of all stacks that have a state file: those of `stack up` and those of runs."""
    found = [*environment.stacks.glob("*/stack/state.json"), *environment.artifacts.glob("*/stack/state.json")]
    return sorted(path.parent for path in found)


def left_up(environment: Environment, folder: Path) -> bool:
    """Return whether only the user stops this stack: one of `stack up`, or of a run with --keep-stack."""
    from streamproof.runs.folder import RunFolder

    return folder.is_relative_to(environment.stacks) or RunFolder(folder.parent).read_plan().keep_stack


def stack_facts(folder: Path, state: StackState) -> dict[str, Any]:
    """Return what is shown of a stack, as plain data."""
    from streamproof.runtime.stack import stack_is_alive

    alive = stack_is_alive(state)
    gone = state.status in ("starting", "ready") and not alive
    return {
        "name": state.name,
        "status": "gone" if gone else state.status,
        "alive": alive,
        "folder": str(folder),
        "kafka_kind": state.kafka_kind,
        "bootstrap_servers": state.bootstrap_servers,
        "clickhouse": state.clickhouse_url,
        "warehouse": state.warehouse_url,
        "flink": state.flink_rest or None,
        "services": [
            {
                "name": service.name,
                "pid": service.process.pid if service.process else None,
                "container": service.container or None,
                "version": service.version,
                "ports": dict(service.ports),
            }
            for service in state.services
        ],
        "error": state.error,
    }


_PASSWORD_FILE = "PGPASSWORD_FILE"  # noqa: S105 - the name of a variable


def exported(name: str, value: str) -> str:
    """Return a line for the shell. A password is read from its file, so that no screen shows it."""
    text = shlex.quote(value)
    return f'export PGPASSWORD="$(cat {text})"\n' if name == _PASSWORD_FILE else f"export {name}={text}\n"


def warehouse_variables(ctx: RunContext, found: StackState) -> dict[str, str]:
    """Return how the warehouse of a stack is reached. The password of PostgreSQL is in a file for its user only."""
    if found.postgres_port:
        return {
            "PGHOST": found.postgres_host,
            "PGPORT": str(found.postgres_port),
            "PGUSER": found.postgres_user,
            "PGDATABASE": ctx.names.database,
            **({_PASSWORD_FILE: found.postgres_secret} if found.postgres_secret else {}),
        }
    return {
        "CH_HOST": found.clickhouse_host,
        "CH_PORT": str(found.clickhouse_port),
        "CH_USER": found.clickhouse_user,
        "CH_DATABASE": ctx.names.database,
    }


def source_variables(ctx: RunContext, found: StackState) -> dict[str, str]:
    """Return how a pipeline reaches the source of a stack, nothing for a stack without one."""
    if not found.source_url:
        return {}
    from streamproof.transport.served import CERTIFICATE_FILE, KEY_FILE

    folder = ctx.folder.source
    return {
        "SOURCE_URL": found.source_url,
        "SOURCE_CA_FILE": str(folder / CERTIFICATE_FILE),
        "SOURCE_KEY_FILE": str(folder / KEY_FILE),
    }
