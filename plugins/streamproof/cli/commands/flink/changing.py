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


def deploy(
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments of the program, after `--`.", metavar="ARG…")
    ] = None,
    jar: Annotated[
        str | None, typer.Option("--jar", help="A jar, or its Maven coordinate.", metavar="FILE|G:A:V")
    ] = None,
    entry_class: Annotated[
        str | None, typer.Option("--entry-class", help="Its main class; default: its manifest's.", metavar="CLASS")
    ] = None,
    python: Annotated[
        str | None, typer.Option("--python", help="The module of a Python job, instead of a jar.", metavar="MODULE")
    ] = None,
    python_folder: Annotated[
        Path, typer.Option("--python-folder", help="The folder that holds its packages.", metavar="DIR")
    ] = Path(),
    python_executable: Annotated[
        str, typer.Option("--python-executable", help="Python on the cluster; default: its own.", metavar="PATH")
    ] = "",
    parallelism: Annotated[
        int | None, typer.Option("--parallelism", min=1, help="Default: the cluster's.", metavar="N")
    ] = None,
    configuration: Annotated[
        list[str] | None,
        typer.Option("--set", help="An option of Flink for this job; repeatable.", metavar="KEY=VALUE"),
    ] = None,
    savepoint: Annotated[
        str, typer.Option("--savepoint", help="The state to start from; default: the job's; `none`.", metavar="PATH")
    ] = "",
    allow_non_restored_state: Annotated[
        bool, typer.Option("--allow-non-restored-state", help="Drop state that no operator takes.")
    ] = False,
    replaces: Annotated[
        str | None, typer.Option("--replaces", help="A job that was started by other means.", metavar="JOB_ID")
    ] = None,
    gate: Annotated[
        str | None, typer.Option("--gate", help="A command that must pass, else it is undone.", metavar="COMMAND")
    ] = None,
    watch: Annotated[
        float, typer.Option("--watch", help="How long the new job must run without a failure.", metavar="SEC")
    ] = 20,
    start_timeout: Annotated[
        float, typer.Option("--start-timeout", help="How long a job may take to run.", metavar="SEC")
    ] = 180,
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

    if (jar is None) == (python is None):
        raise UsageError("Name either --jar or --python.", hint="--jar FILE, or --python MODULE --python-folder DIR.")
    if python is not None and entry_class:
        raise UsageError("A Python job has no --entry-class.", hint="--python names the module that is run.")
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
