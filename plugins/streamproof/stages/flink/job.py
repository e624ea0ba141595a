"""Submit the run's job to Flink, and take it back. A second call finds what the first one has done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.flink.bundle import ENTRY_CLASS, PYTHON_FILES, make_bundle, python_arguments
from streamproof.flink.states import ENDED
from streamproof.model.errors import FlinkError, StackError, UsageError, WaitTimeoutError
from streamproof.model.formats.json_data import from_json
from streamproof.model.plan import COMPOSE
from streamproof.model.waiting import Probe, wait_until
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.processors import fill
from streamproof.runs.context import RunContext
from streamproof.runs.folder import read_json
from streamproof.runtime.environment import placeholder_values
from streamproof.runtime.files import write_json
from streamproof.runtime.jars import named_jar

# A run without Flink does not load its client, nor one without Docker that of Docker.
if TYPE_CHECKING:
    from streamproof.flink.client import FlinkClient
    from streamproof.flink.documents import UploadedJar

_CHECKPOINT_INTERVAL = "execution.checkpointing.interval"
# Nobody restores the job of a run: its checkpoints must not stay on a cluster that keeps those of other jobs.
_RETENTION = ("execution.checkpointing.externalized-checkpoint-retention", "NO_EXTERNALIZED_CHECKPOINTS")
CANCEL_TIMEOUT_SEC = 60.0
# A Python program starts an interpreter and imports Flink before it submits its job.
LATE_SEC = 20.0


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """The run's job on Flink: its id of 32 hexadecimal digits, and the name of its jar, which only this run uses.

    Both are noted before the first request, so that an interrupted submission can be taken back, too. `answered`: Flink
    has run or refused the job; else the program that submits it may run still.
    """

    job_id: str
    jar_name: str
    answered: bool = False


def run_job(ctx: RunContext) -> FlinkProcessor | None:
    """Return the job that is the run's processor, None when the run has another one.

    Its parallelism is the one that was asked for, else the pack's.
    """
    if ctx.plan.observes:
        return None
    chosen = ctx.pack.processor(ctx.plan.processor)
    if not isinstance(chosen, FlinkProcessor):
        return None
    return chosen.model_copy(update={"parallelism": ctx.plan.parallelism or chosen.parallelism})


@contextmanager
def flink_client(ctx: RunContext) -> Iterator[FlinkClient]:
    """Connect to the run's cluster. Raises StackError when there is none."""
    from streamproof.flink.client import FlinkClient  # noqa: PLC0415 - see above

    with FlinkClient(ctx.flink()) as client:
        yield client


def cluster_version(ctx: RunContext, job: FlinkProcessor) -> str:
    """Return the version of a cluster that the run did not start. Raises FlinkError when it has no slots for the job.

    Flink would accept the job, and keep it waiting for slots.
    """
    with flink_client(ctx) as client:
        found = client.overview()
    if found.free_slots < job.parallelism:
        raise FlinkError(
            f"The cluster at {ctx.flink().url} has {found.free_slots} free slots of {found.slots}, and the job of "
            f"processor {ctx.plan.processor} needs {job.parallelism}.",
            hint="Cancel a job, add a task manager, or lower the processor's `parallelism`.",
        )
    return found.version


def submit(ctx: RunContext, job: FlinkProcessor) -> SubmittedJob:
    """Upload the job and run it, unless this run has done so. Raises FlinkError, with the cause of a refusal."""
    from streamproof.flink.rest import RefusedError  # noqa: PLC0415 - see above

    note = _note(ctx)
    again = note.exists()
    if again:
        submitted = submitted_job(ctx)
    else:
        submitted = SubmittedJob(_job_id(ctx), f"{ctx.plan.run_id}.jar")
        write_json(note, asdict(submitted))
    with flink_client(ctx) as client:
        # Flink logs an error when it is asked for a job that it does not know, and a run's checks read its log.
        if again and client.state(submitted.job_id) is not None:
            return submitted
        if again:
            _delete_jars(client, submitted)
        try:
            _run(ctx, job, client, client.upload(_jar(ctx, job, submitted.jar_name)))
        except (RefusedError, UsageError):
            write_json(note, asdict(replace(submitted, answered=True)))
            raise
    submitted = replace(submitted, answered=True)
    write_json(note, asdict(submitted))
    ctx.log(f"job {submitted.job_id} submitted to {ctx.flink().url}")
    return submitted


def submitted_job(ctx: RunContext) -> SubmittedJob:
    """Return the run's job. Raises StackError when none was submitted."""
    note = _note(ctx)
    if not note.exists():
        raise StackError("The run has no job on Flink.", hint="Stage stack_up submits it.")
    return from_json(SubmittedJob, read_json(note))


def withdraw(ctx: RunContext) -> bool:
    """Cancel the run's job, await its end, and delete its jar; return whether the run had tried to submit one.

    It is for a cluster that goes on running. Raises FlinkError, and WaitTimeoutError for a job that does not end.
    """
    note = _note(ctx)
    if not note.exists():
        return False
    job = submitted_job(ctx)
    with flink_client(ctx) as client:
        if not job.answered:
            _await_late(client, job)
        client.cancel(job.job_id)
        wait_until(
            lambda: _ended(client.state(job.job_id)),
            timeout=CANCEL_TIMEOUT_SEC,
            message=f"job {job.job_id} of run {ctx.plan.run_id} to end",
            hint=f"It was cancelled. Look at {client.url}/#/job/running/{job.job_id}.",
        )
        _delete_jars(client, job)
    note.unlink()
    ctx.log(f"job {job.job_id} cancelled")
    return True


def _run(ctx: RunContext, job: FlinkProcessor, client: FlinkClient, jar: UploadedJar) -> None:
    values = _values(ctx)
    arguments = tuple(fill(argument, values) for argument in job.arguments)
    configuration = dict([_RETENTION])
    configuration |= {name: fill(text, values) for name, text in job.configuration.items()}
    configuration[_CHECKPOINT_INTERVAL] = f"{job.checkpoint_interval_ms} ms"
    if job.python:
        arguments = tuple(python_arguments(job.python, bundle=jar.path, arguments=arguments))
        configuration[PYTHON_FILES] = jar.path
    client.run(
        jar.id,
        entry_class=ENTRY_CLASS if job.python else job.entry_class or None,
        arguments=arguments,
        parallelism=job.parallelism,
        job_id=_job_id(ctx),
        configuration=configuration,
    )


def _await_late(client: FlinkClient, job: SubmittedJob) -> None:
    """Wait until a program that nobody awaits any more has submitted its job, or would have done so."""
    # Without its jar, a program that has just begun cannot submit anything.
    _delete_jars(client, job)
    with suppress(WaitTimeoutError):
        wait_until(lambda: Probe(client.state(job.job_id) is not None), timeout=LATE_SEC, message="a late job", hint="")


def _ended(state: str | None) -> Probe:
    return Probe(state is None or state in ENDED, f"it is {state}")


def _delete_jars(client: FlinkClient, job: SubmittedJob) -> None:
    for jar in client.jars():
        if jar.name == job.jar_name:
            client.delete_jar(jar.id)


def _note(ctx: RunContext) -> Path:
    return ctx.folder.stack / "flink_job.json"


def _job_id(ctx: RunContext) -> str:
    """Return an id that is the same whenever this run submits its job, so that Flink refuses a second one."""
    return hashlib.sha256(f"{ctx.plan.run_id} {ctx.plan.created_at}".encode()).hexdigest()[:32]


def _jar(ctx: RunContext, job: FlinkProcessor, name: str) -> Path:
    """Return the job's jar under a name by which it is found again among the jars of the cluster."""
    out = ctx.folder.stack / "data" / "flink_jobs"
    if job.python:
        package = job.python.partition(".")[0]
        jar = make_bundle(ctx.pack.name, ctx.pack.python_dir, out, module=job.python, packages=[package])
    else:
        file = ctx.pack.file.parent / job.jar
        jar = named_jar(str(file) if file.is_file() else job.jar, Path(ctx.plan.cache_dir))
    named = out / name
    out.mkdir(parents=True, exist_ok=True)
    named.unlink(missing_ok=True)
    named.symlink_to(jar.resolve())
    return named


def _values(ctx: RunContext) -> Mapping[str, str]:
    """Return the values of the placeholders, with the addresses as the task managers see them."""
    there = ctx.stack_state()
    if ctx.plan.stack == COMPOSE:
        from streamproof.runtime.compose.published import seen_inside  # noqa: PLC0415 - see above

        there = seen_inside(there)
    return {**ctx.names.placeholders, **placeholder_values(there), "pack": str(ctx.pack.python_dir)}
