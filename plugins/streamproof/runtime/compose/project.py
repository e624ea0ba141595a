"""The Compose project of a stack: its command line, and how to take it down, also without its supervisor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from streamproof.model.errors import StackError
from streamproof.model.formats.json_data import from_json
from streamproof.model.stack import StackState
from streamproof.runtime.compose.cli import ComposeCli, find_compose
from streamproof.runtime.compose.engine import Engine
from streamproof.runtime.compose.published import password_file
from streamproof.runtime.stack_spec import PROCESSOR, ComposeLaunch, StackSpec

DOWN_TIMEOUT_SEC = 120.0
STOP_GRACE_SEC = 15
# A file in the stack's folder with the state of the containers just before they were removed.
CONTAINERS_FILE = "containers.json"


def launch_of(spec: StackSpec) -> ComposeLaunch:
    """Return the Docker part of a stack's specification. Raises StackError for a stack that is not on Docker."""
    if spec.compose is None:
        raise StackError("The stack is not one on Docker.", hint="This is a defect of streamproof.")
    return spec.compose


def compose_cli(spec: StackSpec, env: Mapping[str, str]) -> ComposeCli:
    """Return the command line of a stack's project. Raises StackError when there is no Compose."""
    launch, folder = launch_of(spec), spec.root
    project_env = Path(launch.files[0]).parent / ".env"
    return ComposeCli(
        command=find_compose(env),
        launch=launch,
        files=(*(Path(file) for file in launch.files), folder / "compose.run.yaml"),
        # The second file overrides the first: users may set image names in theirs, but ports are the run's.
        env_files=(*([project_env] if project_env.is_file() else []), folder / "compose.env"),
        env=env,
        log=spec.log("compose"),
    )


async def take_project_down(cli: ComposeCli, *, keep_volumes: bool, grace_sec: int = STOP_GRACE_SEC) -> None:
    """Stop the processor first, so that it can flush, then remove everything of the project."""
    grace = ("--timeout", str(grace_sec))
    if PROCESSOR in cli.launch.services:
        await cli.run("stop", *grace, PROCESSOR, doing="to stop the processor", timeout=DOWN_TIMEOUT_SEC)
    volumes = () if keep_volumes else ("--volumes",)
    await cli.run(
        "down", *grace, "--remove-orphans", *volumes, doing="to take the project down", timeout=DOWN_TIMEOUT_SEC
    )


def take_down(folder: Path, env: Mapping[str, str]) -> None:
    """Take down the project of a stack whose supervisor has ended. It may be called again. Raises StackError."""
    spec = from_json(StackSpec, orjson.loads((folder / "spec.json").read_bytes()))
    if not (folder / "compose.env").is_file():
        return
    keep_volumes = launch_of(spec).keep_volumes
    asyncio.run(take_project_down(compose_cli(spec, env), keep_volumes=keep_volumes))
    if not keep_volumes:
        password_file(spec).unlink(missing_ok=True)


def describe_containers(state: StackState, docker_host: str | None) -> list[dict[str, Any]]:
    """Return the state of a stack's containers for diagnostics. Raises StackError when the engine does not answer."""
    return Engine.open(state.project, docker_host, {}).describe()
