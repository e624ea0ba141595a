"""`streamproof stack up|status|down`: a pipeline to work with, without a run around it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.environment import connections, read_environment
from streamproof.cli.options import Json, Pack
from streamproof.cli.output import emit_json, progress_console, result_console
from streamproof.cli.stacks import (
    exported,
    left_up,
    source_variables,
    stack_facts,
    stack_folders,
    warehouse_variables,
)
from streamproof.model.errors import StackError, UsageError

if TYPE_CHECKING:
    from streamproof.environment import Environment
    from streamproof.model.results import StageResult
    from streamproof.runs.context import RunContext

app = typer.Typer(help="Start, look at and stop a local stack with the pack's schema and processor.")

DEFAULT_NAME = "dev"
_STOP_TIMEOUT_SEC = 60.0
Name = Annotated[str, typer.Argument(help="Name of the stack.", metavar="NAME")]


@app.command("up")
def up(
    name: Name = DEFAULT_NAME,
    pack: Pack = None,
    kafka: Annotated[str, typer.Option("--kafka", help="broker, or mock.")] = "broker",
    kafka_port: Annotated[int, typer.Option("--kafka-port", help="0 for any.", min=0, max=65535, metavar="PORT")] = 0,
    clickhouse_port: Annotated[
        int, typer.Option("--clickhouse-port", help="HTTP; 0 for any.", min=0, max=65535, metavar="PORT")
    ] = 0,
    stack: Annotated[str, typer.Option("--stack", help="local, or compose (Docker).")] = "local",
    flink: Annotated[
        int,
        typer.Option(
            "--flink", help="local: a Flink cluster too, with this many task managers.", min=0, max=16, metavar="COUNT"
        ),
    ] = 0,
    flink_port: Annotated[
        int, typer.Option("--flink-port", help="Flink's UI and REST; 0 for any.", min=0, max=65535, metavar="PORT")
    ] = 0,
    state: Annotated[
        str,
        typer.Option(
            "--state", help="What to do with volumes of an earlier --keep-data: preserve, reset or backup-reset."
        ),
    ] = "preserve",
    keep_data: Annotated[bool, typer.Option("--keep-data", help="compose: volumes outlive `stack down`.")] = False,
    allow_destructive: Annotated[
        bool, typer.Option("--allow-destructive", help="Let --state reset remove data.")
    ] = False,
    json: Json = False,
) -> None:
    """Start the pack's services and processor, apply the schema, and print how to reach them."""
    _strategy(stack, state, keep_data=keep_data, allow_destructive=allow_destructive)
    if flink and stack != "local":
        raise UsageError("--flink is for a local stack.", hint="Start the profile: docker compose --profile flink up.")
    ctx = _planned(read_environment(), name, pack, kafka, stack)
    ports = {"kafka": kafka_port, "clickhouse_http": clickhouse_port, "flink_rest": flink_port}
    _start(ctx, ports, state, keep_data=keep_data, task_managers=flink)
    found = ctx.stack_state()
    variables = {
        **({"KAFKA_BOOTSTRAP": found.bootstrap_servers} if found.bootstrap_servers else {}),
        **warehouse_variables(ctx, found),
        **({"FLINK_REST": found.flink_rest} if found.flink_rest else {}),
        **source_variables(ctx, found),
    }
    if json:
        emit_json({**stack_facts(ctx.folder.stack, found), "env": variables, "input_topic": ctx.names.input_topic})
        return
    feed = "" if found.source_url else f"  feed it:  streamproof replay --topic {ctx.names.input_topic}\n"
    console = result_console(json=json)
    console.print("".join(exported(*variable) for variable in variables.items()), end="", markup=False, soft_wrap=True)
    progress_console().print(
        f"Stack {name} is up.\n{feed}  stop it:  streamproof stack down {name}",
        markup=False,
    )


@app.command("prepare")
def prepare(
    pack: Pack = None,
    retention: Annotated[
        bool,
        typer.Option(
            "--retention/--no-retention",
            help="Let old rows expire; leave it off when captured (old) events are replayed.",
        ),
    ] = True,
    json: Json = False,
) -> None:
    """Create the pack's topics, database and tables, where missing, in the services of KAFKA_BOOTSTRAP and CH_HOST.

    A pack on PostgreSQL has PGHOST in place of CH_HOST.
    """
    from streamproof.stages.prepare import prepare as prepare_services

    environment = read_environment()
    the_pack = environment.packs.load(pack)
    outside = connections(warehouse=the_pack.warehouse, kafka=not the_pack.source)
    made = prepare_services(the_pack, outside, retention=retention)
    if json:
        emit_json(made)
        return
    result_console(json=json).print(
        f"Database {made['database']}: {len(made['migrations'])} migrations applied. "
        f"Topics made: {', '.join(made['topics']) or 'none, all were there'}.",
        markup=False,
    )


@app.command("status")
def status(
    name: Annotated[
        str | None, typer.Argument(help="Show only this stack.", metavar="NAME", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show stopped stacks too.")] = False,
    json: Json = False,
) -> None:
    """List the stacks of this checkout that are up, those of runs included."""
    from streamproof.runtime.stack import read_state

    found = []
    for folder in stack_folders(read_environment()):
        state = read_state(folder)
        if state is not None and name in (None, state.name):
            facts = stack_facts(folder, state)
            if every or name is not None or facts["alive"] or facts["status"] == "gone":
                found.append(facts)
    if name is not None and not found:
        raise UsageError(f"There is no stack '{name}'.", hint="`streamproof stack status` lists them.")
    if json:
        emit_json({"stacks": found})
        return
    console = result_console(json=json)
    for facts in found:
        flink = f"Flink {facts['flink']}  " if facts["flink"] else ""
        has_kafka = facts["kafka_kind"] != "none"
        kafka = f"Kafka {facts['bootstrap_servers']} ({facts['kafka_kind']})  " if has_kafka else ""
        warehouse = f"ClickHouse {facts['clickhouse']}" if facts["clickhouse"] else facts["warehouse"]
        console.print(
            f"{facts['name']}  {facts['status']}  {kafka}{warehouse}  {flink}{facts['folder']}",
            markup=False,
        )
    if not found:
        console.print("No stack is up.")


@app.command("down")
def down(
    name: Name = DEFAULT_NAME,
    every: Annotated[bool, typer.Option("--all", help="Every stack that was left up on purpose.")] = False,
    json: Json = False,
) -> None:
    """Stop a stack and remove its data; its logs stay. Doing it twice is harmless."""
    from streamproof.runtime.stack import read_state

    environment = read_environment()
    stopped = []
    for folder in stack_folders(environment):
        state = read_state(folder)
        if state is None or not (left_up(environment, folder) if every else state.name == name):
            continue
        if _stop(folder):
            stopped.append(state.name)
    if json:
        emit_json({"stopped": stopped})
    else:
        result_console(json=json).print(
            f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was up.", markup=False
        )


def _stop(folder: Path) -> bool:
    """Stop the stack in a folder, and remove what the run created in services that it did not start."""
    from streamproof.runs.context import RunContext
    from streamproof.runtime.stack import stop_stack
    from streamproof.stages.stack_down import take_down_stack

    if not (folder.parent / "plan.json").exists():
        return stop_stack(folder, timeout=_STOP_TIMEOUT_SEC)
    ctx = RunContext.open(folder.parent)
    if ctx.plan.needs_connections:
        kind, needs_kafka, needs_flink = ctx.pack.warehouse, ctx.needs_kafka, ctx.needs_flink
        ctx = ctx.connected(lambda: connections(warehouse=kind, kafka=needs_kafka, flink=needs_flink))
    return take_down_stack(ctx, timeout=_STOP_TIMEOUT_SEC)


def _strategy(stack: str, state: str, *, keep_data: bool, allow_destructive: bool) -> None:
    """Raise UsageError for options that exclude each other, before anything is started."""
    from streamproof.runtime.stack_spec import PRESERVE, STATE_STRATEGIES

    if stack not in ("local", "compose"):
        raise UsageError(f"There is no stack '{stack}' to start.", hint="Choose one of: local, compose.")
    if state not in STATE_STRATEGIES:
        raise UsageError(f"There is no --state '{state}'.", hint=f"Choose one of: {', '.join(STATE_STRATEGIES)}.")
    if stack == "local" and (keep_data or state != PRESERVE):
        raise UsageError("A local stack keeps no data.", hint="--state and --keep-data are for --stack compose.")
    if state != PRESERVE and not allow_destructive:
        raise UsageError(f"--state {state} removes data.", hint="Allow it with --allow-destructive.")


def _planned(environment: Environment, name: str, pack: str | None, kafka: str, stack: str) -> RunContext:
    """Plan a stack as a run that is kept and has no judging stages. Raises UsageError, StackError when it is up."""
    from streamproof.runs.names import RunNames
    from streamproof.runs.planning import plan_run
    from streamproof.runs.request import HostSettings, RunRequest
    from streamproof.runtime.stack import read_state, stack_is_alive
    from streamproof.stages.registry import STAGES

    RunNames.of(environment.packs.load(pack), name)
    folder = environment.stacks / name
    state = read_state(folder / "stack")
    if state is not None and stack_is_alive(state):
        raise StackError(f"Stack {name} is already up.", hint=f"Stop it first: streamproof stack down {name}.")
    if state is not None or (folder / "plan.json").exists():
        shutil.rmtree(folder)
    request = RunRequest(
        pack=pack, run_id=name, kafka=kafka, stack=stack, keep_stack=True, artifacts_root=environment.stacks
    )
    host = HostSettings(
        cache_dir=environment.cache_dir,
        java=environment.java,
        compose_files=environment.compose_files,
        docker_host=environment.docker_host,
        packs=environment.packs,
    )
    return plan_run(request, STAGES, home=environment.home, host=host, now=datetime.now(UTC))


def _start(ctx: RunContext, ports: dict[str, int], state: str, *, keep_data: bool, task_managers: int) -> None:
    """Start the services, apply the schema, and wait for the processor. After a failure nothing is left running."""
    from streamproof.cli.commands.setup import progress_bar
    from streamproof.runs.runner import run_stage
    from streamproof.runtime.stack import stop_stack
    from streamproof.runtime.stack_spec import FlinkSpec
    from streamproof.stages.registry import STAGES
    from streamproof.stages.stack_up import compose_launch, stack_spec, start_own, timeout_of

    spec = replace(stack_spec(ctx), ports=ports)
    if task_managers:
        spec = replace(spec, flink=replace(spec.flink or FlinkSpec(), task_managers=task_managers))
    if spec.compose:
        spec = replace(spec, compose=compose_launch(ctx, state, keep_volumes=keep_data))
    with progress_bar() as progress:
        start_own(ctx, spec, timeout=timeout_of(ctx), progress=progress)
    try:
        planned = {stage.name for stage in ctx.plan.stages}
        for stage in [name for name in ("schema_apply", "pipeline_ready") if name in planned]:
            _require(run_stage(ctx, STAGES[stage]), ctx)
    except BaseException:
        stop_stack(ctx.folder.stack, timeout=_STOP_TIMEOUT_SEC)
        raise


def _require(result: StageResult, ctx: RunContext) -> None:
    if result.error is not None:
        raise StackError(f"{result.stage}: {result.error}", hint=result.hint or f"See {ctx.folder.log}.")
