"""The stacks of this machine: where they are, and what is shown of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamproof.environment import Environment
    from streamproof.model.stack import StackState


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
