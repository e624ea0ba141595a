"""Submit the run's job to Flink, and cancel it. A second call finds what the first one has done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from streamproof.flink.bundle import ENTRY_CLASS, make_bundle, python_arguments
from streamproof.flink.client import FlinkClient
from streamproof.model.errors import StackError
from streamproof.model.formats.json_data import from_json
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.processors import fill
from streamproof.runs.context import RunContext
from streamproof.runs.folder import read_json
from streamproof.runs.names import RunNames
from streamproof.runtime.environment import placeholder_values
from streamproof.runtime.files import write_json
from streamproof.runtime.jars import named_jar

# Flink adds the files to the Python path of the task managers.
_PYTHON_FILES = "python.files"
_CHECKPOINT_INTERVAL = "execution.checkpointing.interval"


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """The run's job on Flink: its id of 32 hexadecimal digits, and the id of its jar."""

    job_id: str
    jar_id: str


def run_job(ctx: RunContext) -> FlinkProcessor | None:
    """Return the job that is the run's processor, None when the run has another one."""
    if ctx.plan.observes:
        return None
    chosen = ctx.pack.processor(ctx.plan.processor)
    return chosen if isinstance(chosen, FlinkProcessor) else None


@contextmanager
def flink_client(ctx: RunContext) -> Iterator[FlinkClient]:
    """Connect to the run's cluster. Raises StackError when there is none."""
    with FlinkClient(ctx.flink()) as client:
        yield client


def submit(ctx: RunContext, job: FlinkProcessor) -> SubmittedJob:
    """Upload the job and run it, unless this run has done so. Raises FlinkError, with the cause of a refusal."""
    note = _note(ctx)
    if note.exists():
        return submitted_job(ctx)
    with flink_client(ctx) as client:
        jar = client.upload(_jar(ctx, job))
        values = {**_names(ctx.names), **placeholder_values(ctx.stack_state()), "pack": str(ctx.pack.python_dir)}
        arguments = tuple(fill(argument, values) for argument in job.arguments)
        configuration = {name: fill(text, values) for name, text in job.configuration.items()}
        configuration[_CHECKPOINT_INTERVAL] = f"{job.checkpoint_interval_ms} ms"
        if job.python:
            arguments = tuple(python_arguments(job.python, bundle=jar.path, arguments=arguments))
            configuration[_PYTHON_FILES] = jar.path
        job_id = client.run(
            jar.id,
            entry_class=ENTRY_CLASS if job.python else job.entry_class or None,
            arguments=arguments,
            parallelism=job.parallelism,
            job_id=_job_id(ctx),
            configuration=configuration,
        )
    submitted = SubmittedJob(job_id, jar.id)
    write_json(note, asdict(submitted))
    ctx.log(f"job {job_id} submitted to {ctx.flink().url}")
    return submitted


def submitted_job(ctx: RunContext) -> SubmittedJob:
    """Return the run's job. Raises StackError when none was submitted."""
    note = _note(ctx)
    if not note.exists():
        raise StackError("The run has no job on Flink.", hint="Stage stack_up submits it.")
    return from_json(SubmittedJob, read_json(note))


def withdraw(ctx: RunContext) -> bool:
    """Cancel the run's job and delete its jar on a cluster that goes on running; return whether there was one.

    Raises FlinkError.
    """
    note = _note(ctx)
    if not note.exists():
        return False
    job = submitted_job(ctx)
    with flink_client(ctx) as client:
        client.cancel(job.job_id)
        client.delete_jar(job.jar_id)
    note.unlink()
    ctx.log(f"job {job.job_id} cancelled")
    return True


def _note(ctx: RunContext) -> Path:
    return ctx.folder.stack / "flink_job.json"


def _job_id(ctx: RunContext) -> str:
    """Return an id that is the same whenever this run submits its job, so that Flink refuses a second one."""
    return hashlib.sha256(f"{ctx.plan.run_id} {ctx.plan.created_at}".encode()).hexdigest()[:32]


def _jar(ctx: RunContext, job: FlinkProcessor) -> Path:
    if job.python:
        package = job.python.partition(".")[0]
        out = ctx.folder.stack / "data" / "flink_jobs"
        return make_bundle(ctx.pack.name, ctx.pack.python_dir, out, module=job.python, packages=[package])
    file = ctx.pack.file.parent / job.jar
    return named_jar(str(file) if file.is_file() else job.jar, Path(ctx.plan.cache_dir))


def _names(names: RunNames) -> dict[str, str]:
    topics = {f"topic.{role}": name for role, name in names.topics.items()}
    groups = {f"group.{role}": name for role, name in names.groups.items()}
    return {**topics, **groups, "database": names.database}
