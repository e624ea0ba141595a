"""What the pack's program is started with: its arguments, environment, ports and files, once the services are up."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import StackError
from streamproof.model.stack import StackState
from streamproof.packs.processors import fill_known
from streamproof.runtime.environment import placeholder_values, secret_values, with_python_path
from streamproof.runtime.ports import PortReservation
from streamproof.runtime.stack_spec import ProcessorLaunch

_OWN_FILE = 0o600


@dataclass(frozen=True, slots=True)
class Command:
    """The command line of a program, its whole environment, and its ports by name."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    ports: Mapping[str, int]


def command_of(
    launch: ProcessorLaunch,
    state: StackState,
    env: Mapping[str, str],
    folder: Path,
    more: Mapping[str, str] | None = None,
) -> Command:
    """Write the program's files, and return its command for services with this state.

    `env` is the basic environment, `folder` the one in which it is started. `more` are further values of placeholders.
    Raises StackError when the program does not exist.
    """
    # The program may listen on any of its ports or on none, so they are free when it starts.
    with PortReservation(dict.fromkeys(launch.ports, 0)) as reserved:
        ports = dict(reserved.ports)
    named = {f"port.{name}": str(port) for name, port in ports.items()}
    values = {**placeholder_values(state), **named, **(more or {})}
    # Every user of the machine can read arguments, so these hold no secret.
    known = {**values, **secret_values(state)}
    _write_files(launch, known)
    argv = tuple(fill_known(part, values) for part in launch.argv)
    own = {name: fill_known(text, known) for name, text in launch.env.items()}
    # In the basic environment, Python finds the modules of the pack first.
    whole = {**with_python_path(env, launch.python_path), **own}
    _require_program(argv[0], whole, folder)
    return Command(argv, whole, ports)


def _require_program(program: str, env: Mapping[str, str], folder: Path) -> None:
    path = str(folder / program) if "/" in program else program
    if shutil.which(path, path=env.get("PATH")) is None:
        raise StackError(
            f"The processor cannot be started: there is no program {program}.",
            hint="It is the first of `argv` of the processor in pack.yaml. Give its path, or install it.",
        )


def _write_files(launch: ProcessorLaunch, values: Mapping[str, str]) -> None:
    """Write the processor's files, which may hold secrets, and remove the status file of an earlier start."""
    if launch.status_file:
        Path(launch.status_file).unlink(missing_ok=True)
    for name, text in launch.files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=_OWN_FILE)
        path.write_text(fill_known(text, values), encoding="utf-8")
