"""`streamproof run`: one whole run, from an empty machine to a verdict."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from streamproof.cli.annotations import print_annotations
from streamproof.cli.environment import connections, read_environment
from streamproof.cli.output import emit_json, progress_console, result_console
from streamproof.cli.run_options import RunOptions, takes
from streamproof.model.plan import COMPOSE, EXTERNAL, OBSERVE
from streamproof.model.results import Verdict
from streamproof.model.verdict import EXIT_CODES

if TYPE_CHECKING:
    from streamproof.model.settings import Connections
    from streamproof.packs.loading import Packs
    from streamproof.runs.context import RunContext
    from streamproof.runs.request import RunRequest


@takes(RunOptions)
def run(options: RunOptions) -> None:
    """Bring up the stack, replay a fixture set, and judge every layer: exit 0 only when all checks hold.

    With --mode observe: judge what an existing warehouse holds in a window, read-only.
    """
    now = datetime.now(UTC)
    summary = run_planned(options.request(now), now)
    _show(summary, json=options.json)
    print_annotations(summary, read_environment().home, options.annotations, json=options.json)
    raise typer.Exit(EXIT_CODES[Verdict(summary["verdict"])])


def run_planned(request: RunRequest, now: datetime) -> dict[str, Any]:
    """Plan a run and run it, with a live stage table on stderr."""
    from dataclasses import replace

    from streamproof.report.terminal.progress import ProgressTable
    from streamproof.runs.planning import plan_run
    from streamproof.runs.request import HostSettings
    from streamproof.runs.runner import run_all
    from streamproof.runtime.process import own_identity
    from streamproof.stages.registry import STAGES

    environment = read_environment()
    host = HostSettings(
        cache_dir=environment.cache_dir,
        java=environment.java,
        owner=own_identity(),
        compose_files=environment.compose_files,
        docker_host=environment.docker_host,
        packs=environment.packs,
        environ=os.environ,
    )
    # A missing connection is a usage error, so it is checked before the run has a folder.
    outside = _connections(request, environment.packs) if _is_outside(request) else None
    ctx = plan_run(
        replace(request, artifacts_root=environment.artifacts), STAGES, home=environment.home, host=host, now=now
    )
    if outside is not None:
        ctx = ctx.connected(lambda: outside)
    console = progress_console()
    for notice in (*ctx.plan.notices, *_to_install(ctx)):
        console.print(f"[bold yellow]Notice[/] {_plain(notice)}")
    with ProgressTable(console, tuple(stage.name for stage in ctx.plan.stages)) as progress:
        summary = run_all(ctx, STAGES, progress.on_event, progress.on_work)
    for notice in summary["notices"]:
        if notice not in ctx.plan.notices:
            console.print(f"[bold yellow]Notice[/] {_plain(notice)}")
    return summary


def _to_install(ctx: RunContext) -> list[str]:
    """Return a notice when the run has to install Flink first: stage `stack_up` then takes longer."""
    from streamproof.runtime.flink_home import flink_home

    needed = ctx.needs_flink and ctx.plan.stack not in (COMPOSE, EXTERNAL)
    if not needed or flink_home(ctx.home, Path(ctx.plan.cache_dir)).complete:
        return []
    return ["Flink is not installed yet. Stage stack_up installs it first: 850 MB, once, in up to a few minutes."]


def _connections(request: RunRequest, packs: Packs) -> Connections:
    """Return the services that a run does not start: Kafka where it publishes, Flink where its processor is a job."""
    from dataclasses import replace

    from streamproof.packs.flink_jobs import FlinkProcessor
    from streamproof.packs.sources import named_service

    pack = packs.load(request.pack)
    if request.mode == OBSERVE:
        return connections(warehouse=pack.warehouse, kafka=False)
    needs_flink = isinstance(pack.processor(request.processor), FlinkProcessor)
    found = connections(warehouse=pack.warehouse, kafka=not pack.source, flink=needs_flink)
    return replace(found, service=named_service(pack, os.environ))


def _is_outside(request: RunRequest) -> bool:
    return request.mode == OBSERVE or request.stack == EXTERNAL


def _show(summary: dict[str, Any], *, json: bool) -> None:
    from streamproof.report.terminal.verdict import show_verdict

    show_verdict(result_console(json=json), summary)
    if json:
        emit_json(summary)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
