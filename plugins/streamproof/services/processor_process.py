"""The pack's stream processor as a child process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.process import Child, python_module
from streamproof.runtime.stack_spec import StackSpec

NAME = "processor"
# It flushes what it has and commits its offsets before it ends.
STOP_GRACE_SEC = 15.0


def fill_environment(env: Mapping[str, str], state: StackState) -> dict[str, str]:
    """Return `env` with what is only known of a started stack in place of its `{names}`."""
    known = {
        "bootstrap_servers": state.bootstrap_servers,
        "clickhouse_host": state.clickhouse_host,
        "clickhouse_port": str(state.clickhouse_port),
        "clickhouse_tcp_port": str(state.clickhouse_tcp_port),
        "clickhouse_url": state.clickhouse.url,
        "clickhouse_user": state.clickhouse_user,
    }
    filled = dict(env)
    for name, value in known.items():
        filled = {key: text.replace(f"{{{name}}}", value) for key, text in filled.items()}
    return filled


@dataclass(slots=True)
class ProcessorProcess:
    """The processor of one stack; that it runs and has its partitions is for the stage `pipeline_ready` to prove."""

    spec: StackSpec
    env: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    async def start(self, state: StackState) -> ServiceState:
        """Start the processor; `state` says where the other services are. Raises StackError when it ends at once."""
        launch = self.spec.processor
        if launch is None:
            raise StackError("The stack has no processor to start.", hint="This is a defect of streamproof.")
        await asyncio.to_thread(Path(launch.status_file).unlink, missing_ok=True)
        child = await Child.start(
            NAME,
            python_module(launch.module),
            log=self.spec.log(NAME),
            env={**self.env, **fill_environment(launch.env, state)},
            cwd=self.spec.root,
        )
        self.children.append(child)
        return ServiceState(
            NAME, child.identity, {}, str(child.log), f"{launch.module} (Python {sys.version.split()[0]})"
        )

    async def stop(self) -> None:
        """Stop the processor."""
        for child in self.children:
            await child.stop(STOP_GRACE_SEC)
