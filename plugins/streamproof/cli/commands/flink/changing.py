"""`streamproof flink deploy|stop|cancel|rollback`: what changes the job of a deployment."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproof.cli.commands.flink.shared import Name, Rest, opened_deployment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json, result_console
from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from streamproof.flink.deploying.record import Build, Outcome, Store

Drain = Annotated[bool, typer.Option("--drain", help="Process everything in flight before the job stops.")]
Folder = Annotated[
    str | None,
    typer.Option("--savepoint-folder", help="Where its savepoint goes; default: the cluster's.", metavar="DIR"),
]
SavepointSec = Annotated[
    float, typer.Option("--savepoint-timeout", help="How long a savepoint may take.", metavar="SEC")
]
Arguments = Annotated[list[str] | None, typer.Argument(help="Arguments of the program, after `--`.", metavar="ARG…")]
Jar = Annotated[str | None, typer.Option("--jar", help="A jar, or its Maven coordinate.", metavar="FILE|G:A:V")]
EntryClass = Annotated[
    str | None, typer.Option("--entry-class", help="Its main class; default: its manifest's.", metavar="CLASS")
]
PythonModule = Annotated[
    str | None, typer.Option("--python", help="The module of a Python job, instead of a jar.", metavar="MODULE")
]
PythonFolder = Annotated[
    Path, typer.Option("--python-folder", help="The folder that holds its packages.", metavar="DIR")
]
PythonExecutable = Annotated[
    str, typer.Option("--python-executable", help="Python on the cluster; default: its own.", metavar="PATH")
]
Parallelism = Annotated[int | None, typer.Option("--parallelism", min=1, help="Default: the cluster's.", metavar="N")]
Configuration = Annotated[
    list[str] | None,
    typer.Option("--set", help="An option of Flink for this job; repeatable.", metavar="KEY=VALUE"),
]
SavepointPath = Annotated[
    str, typer.Option("--savepoint", help="The state to start from; default: the job's; `none`.", metavar="PATH")
]
AllowNonRestored = Annotated[
    bool, typer.Option("--allow-non-restored-state", help="Drop state that no operator takes.")
]
Replaces = Annotated[
    str | None, typer.Option("--replaces", help="A job that was started by other means.", metavar="JOB_ID")
]
GateCommand = Annotated[
    str | None, typer.Option("--gate", help="A command that must pass, else it is undone.", metavar="COMMAND")
]
WatchSec = Annotated[
    float, typer.Option("--watch", help="How long the new job must run without a failure.", metavar="SEC")
]
StartSec = Annotated[float, typer.Option("--start-timeout", help="How long a job may take to run.", metavar="SEC")]


def deploy(
    arguments: Arguments = None,
    jar: Jar = None,
    entry_class: EntryClass = None,
    python: PythonModule = None,
    python_folder: PythonFolder = Path(),
    python_executable: PythonExecutable = "",
    parallelism: Parallelism = None,
    configuration: Configuration = None,
    savepoint: SavepointPath = "",
    allow_non_restored_state: AllowNonRestored = False,
    replaces: Replaces = None,
    gate: GateCommand = None,
    watch: WatchSec = 20,
    start_timeout: StartSec = 180,
    savepoint_timeout: SavepointSec = 300,
    drain: Drain = False,
    savepoint_folder: Folder = None,
    name: Name = "default",
    rest: Rest = None,
    json: Json = False,
) -> None:
    """Run a jar instead of the deployment's job: from its savepoint, or restored if the new one fails.

    The first time, the job is started. An interrupted update goes on when the same command is given again.
    """
    from streamproof.flink.deploying.work import Limits
    from streamproof.services.deployment_gate import command_gate

    _refuse_two_programs(jar, python, entry_class)
    passes = command_gate(gate, rest=_url(rest)) if gate else None
    limits = Limits(savepoint=savepoint_timeout, start=start_timeout, watch=watch)
    options = {"arguments": arguments or (), "parallelism": parallelism, "configuration": _settings(configuration)}
    with opened_deployment(rest, name, limits, passes) as deployment:
        store = deployment.work.store
        if jar is not None:
            build = _jar(store, jar, entry_class, options)
        else:
            build = _python(store, python or "", python_folder, python_executable, options)
        if replaces:
            deployment.adopt(replaces)
        deployment.deploy(
            build,
            savepoint=savepoint,
            drain=drain,
            allow_non_restored=allow_non_restored_state,
            folder=savepoint_folder,
        )
        _show(deployment.run(), json=json)


def _refuse_two_programs(jar: str | None, python: str | None, entry_class: str | None) -> None:
    """Raise UsageError unless the options name one program, and options of the other kind are left out."""
    if (jar is None) == (python is None):
        raise UsageError("Name either --jar or --python.", hint="--jar FILE, or --python MODULE --python-folder DIR.")
    if python is not None and entry_class:
        raise UsageError("A Python job has no --entry-class.", hint="--python names the module that is run.")


def stop(
    drain: Drain = False,
    savepoint_folder: Folder = None,
    savepoint_timeout: SavepointSec = 300,
    name: Name = "default",
    rest: Rest = None,
    json: Json = False,
) -> None:
    """Stop the deployment's job with a savepoint, from which the next `deploy` goes on."""
    from streamproof.flink.deploying.work import Limits

    with opened_deployment(rest, name, Limits(savepoint=savepoint_timeout)) as deployment:
        deployment.stop(drain=drain, folder=savepoint_folder)
        _show(deployment.run(), json=json)


def cancel(name: Name = "default", rest: Rest = None, json: Json = False) -> None:
    """Cancel the deployment's job without a savepoint, and what an interrupted update has started."""
    with opened_deployment(rest, name) as deployment:
        deployment.cancel()
        _show(deployment.run(), json=json)


def rollback(name: Name = "default", rest: Rest = None, json: Json = False) -> None:
    """Run the previous jar again, from the savepoint that was taken when it was replaced."""
    with opened_deployment(rest, name) as deployment:
        deployment.roll_back()
        _show(deployment.run(), json=json)


def _url(rest: str | None) -> str:
    from streamproof.cli.environment import flink_settings

    return flink_settings(rest).url


def _settings(given: list[str] | None) -> dict[str, str]:
    """Return the options of --set. Raises UsageError for one without `=`."""
    found: dict[str, str] = {}
    for entry in given or ():
        key, sign, value = entry.partition("=")
        if not sign or not key.strip():
            raise UsageError(f"--set {entry} has no value.", hint="Write --set KEY=VALUE.")
        found[key.strip()] = value
    return found


def _jar(store: Store, jar: str, entry_class: str | None, options: dict[str, Any]) -> Build:
    from streamproof.cli.environment import read_environment
    from streamproof.flink.deploying.opening import jar_build
    from streamproof.runtime.jars import named_jar

    return jar_build(store, named_jar(jar, read_environment().cache_dir), entry_class=entry_class, **options)


def _python(store: Store, module: str, folder: Path, executable: str, options: dict[str, Any]) -> Build:
    from streamproof.flink.deploying.opening import python_build

    return python_build(store, folder, module, python=executable, **options)


def _show(outcome: Outcome, *, json: bool) -> None:
    """Print the outcome of an operation."""
    if json:
        emit_json(asdict(outcome))
        return
    parts = [
        outcome.status.capitalize(),
        f"{outcome.build} as job {outcome.job_id}" if outcome.job_id else "no job runs",
        f"savepoint {outcome.savepoint}" if outcome.savepoint else "",
    ]
    result_console(json=json).print("; ".join(part for part in parts if part) + ".", markup=False)
