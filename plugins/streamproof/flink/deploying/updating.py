"""The steps that replace the current job by a new one. Each can be repeated, and returns the next step or a wait."""

from __future__ import annotations

import uuid
from pathlib import Path

from streamproof.flink.deploying import waits
from streamproof.flink.deploying.record import ROLL_BACK, STOP, Build, Release, Taken, now
from streamproof.flink.deploying.work import GateFailedError, Wait, Work
from streamproof.flink.diagnosis import hint_for
from streamproof.flink.documents import Job
from streamproof.model.errors import FlinkError

Next = str | Wait
DONE = ""
FRESH = "none"


def check(work: Work) -> Next:
    """Require a cluster that answers, and a state to go on from when the deployment has one."""
    operation, current = work.operation, work.record.current
    work.client.overview()
    if current is None:
        return "upload"
    job = work.client.find_job(current.job_id)
    if job is None or job.ended:
        return _without_old_job(work, job)
    if operation.target == current.build and not operation.start and operation.kind != ROLL_BACK:
        work.say(f"{operation.target} already runs as job {current.job_id}.")
        return concluded(work, "unchanged")
    return "upload"


def _without_old_job(work: Work, job: Job | None) -> Next:
    operation, current = work.operation, work.record.current
    if operation.start:
        operation.old_ended = True
        return "upload"
    job_id = current.job_id if current else ""
    state = job.state if job else "not known to the cluster"
    cause = work.client.root_cause(job_id) if job else ""
    last = work.record.savepoints[-1].path if work.record.savepoints else ""
    raise FlinkError(
        f"Job {job_id} of deployment {work.record.name} is {state}{f' ({cause})' if cause else ''}, so no savepoint "
        "can be taken of it.",
        hint=f"Name the state to start from with --savepoint{f': the last one is {last}' if last else ''}; "
        f"`--savepoint {FRESH}` starts without state.",
    )


def upload(work: Work) -> Next:
    """Upload the new jar, while the current job runs."""
    operation = work.operation
    operation.jar_id, operation.jar_path = uploaded(work, target_of(work), operation.jar_id, operation.jar_path)
    work.save()
    return "plan"


def plan(work: Work) -> Next:
    """Let Flink plan the new job, which finds most mistakes before the current job is stopped. Require free slots."""
    operation, build, current = work.operation, target_of(work), work.record.current
    needed, name = build.parallelism or 1, ""
    if build.plannable:
        planned = work.client.plan(
            operation.jar_id,
            entry_class=build.entry_class,
            arguments=build.arguments_for(operation.jar_path),
            parallelism=build.parallelism,
        )
        needed, name = planned.slots, planned.name
    if current is None:
        _require_no_other(work, name)
    job = work.client.find_job(current.job_id) if current else None
    overview = work.client.overview()
    free = overview.free_slots + (job.slots if job and not job.ended else 0)
    if free < needed:
        raise FlinkError(
            f"The cluster has {free} free slots of {overview.slots}, and job '{name or build.name}' needs {needed}.",
            hint="Cancel a job, add a task manager, or lower the parallelism.",
        )
    return "stop_old"


def _require_no_other(work: Work, name: str) -> None:
    for job in work.client.jobs():
        if name and job.name == name and not job.ended and job.id != work.operation.job_id:
            raise FlinkError(
                f"A job '{name}' runs already ({job.id}), and deployment {work.record.name} did not start it.",
                hint=f"Update it with `--replaces {job.id}`, or cancel it.",
            )


def stop_old(work: Work) -> Next:
    """Stop the current job with a savepoint, and wait until it has ended."""
    operation, current = work.operation, work.record.current
    after = "finish_stop" if operation.kind == STOP else "submit"
    if current is None or operation.old_ended:
        return after
    if not operation.taken and (pending := _savepoint_of(work, current)):
        return pending
    wait = waits.old_ended(work)
    if not wait.look().done:
        return wait
    operation.old_ended = True
    return after


def _savepoint_of(work: Work, current: Release) -> Wait | None:
    """Begin the stop unless it was begun before. Record the savepoint when it is complete, else return the wait."""
    operation = work.operation
    if not operation.trigger_id:
        operation.trigger_id = uuid.uuid4().hex
        work.save()
    wait = waits.saved(work)
    try:
        complete = wait.look().done
    except waits.LostSavepointError:
        job = work.client.find_job(current.job_id)
        if job is None or job.ended:
            raise
        if not job.running:
            cause = work.client.root_cause(job.id)
            raise FlinkError(
                f"No savepoint can be taken now: {job.missing}{f' ({cause})' if cause else ''}.", hint=hint_for(cause)
            ) from None
        work.say(f"Stopping job '{job.name}' ({job.id}) with a savepoint.")
        work.client.stop(job.id, drain=operation.drain, target=operation.folder, trigger_id=operation.trigger_id)
        return wait
    if not complete:
        return wait
    operation.taken = work.client.savepoint(current.job_id, operation.trigger_id).path
    build = str(current.build) if current.build else "unknown"
    work.record.savepoints.append(Taken(operation.taken, current.job_id, build, now()))
    work.save()
    work.say(f"Savepoint {operation.taken}")
    return None


def submit(work: Work) -> Next:
    """Run the new jar from its savepoint, and wait until all its tasks run."""
    operation, build = work.operation, target_of(work)
    if not operation.job_id:
        operation.job_id = uuid.uuid4().hex
        work.save()
    if work.client.find_job(operation.job_id) is None:
        savepoint = start_of(work)
        work.say(f"Starting {build} as job {operation.job_id}" + (f" from {savepoint}." if savepoint else "."))
        work.client.run(
            operation.jar_id,
            entry_class=build.entry_class,
            arguments=build.arguments_for(operation.jar_path),
            parallelism=build.parallelism,
            savepoint=savepoint or None,
            allow_non_restored=operation.allow_non_restored,
            job_id=operation.job_id,
            configuration=build.configuration_for(operation.jar_path),
        )
    wait = waits.new_running(work)
    return "watch" if wait.look().done else wait


def watch(work: Work) -> Next:
    """Wait until the new job has run for a while without a failure."""
    wait = waits.new_stable(work)
    return "gate" if wait.look().done else wait


def gate(work: Work) -> Next:
    """Require that the gate passes, if there is one."""
    if work.gate is not None:
        work.say("Running the gate.")
        problem = work.gate(work.operation.job_id)
        if problem:
            raise GateFailedError(f"The gate did not pass: {problem}", hint="See the output of the gate.")
    return "finish"


def finish(work: Work) -> Next:
    """Record the new job as the current one, and delete jars that can no longer be rolled back to."""
    operation, record = work.operation, work.record
    release = Release(
        job_id=operation.job_id,
        build=operation.target,
        jar_id=operation.jar_id,
        jar_path=operation.jar_path,
        savepoint=start_of(work),
        before=operation.taken,
        at=now(),
    )
    unneeded = record.previous
    record.previous = None if operation.kind == ROLL_BACK else record.current
    if operation.kind == ROLL_BACK:
        unneeded = record.current
    record.current, record.stopped = release, ""
    if unneeded and unneeded.jar_id not in ("", release.jar_id, record.previous.jar_id if record.previous else ""):
        work.client.delete_jar(unneeded.jar_id)
    return concluded(work, "rolled back" if operation.kind == ROLL_BACK else "deployed")


def concluded(work: Work, status: str) -> Next:
    """End the operation with its outcome."""
    work.record.end(status)
    work.save()
    work.store.forget_jars(work.record)
    return DONE


def uploaded(work: Work, build: Build, jar_id: str, jar_path: str) -> tuple[str, str]:
    """Return id and path of a build's jar on the cluster, after uploading it where the cluster does not have it."""
    if jar_id and jar_id in {jar.id for jar in work.client.jars()}:
        return jar_id, jar_path
    work.say(f"Uploading {build}.")
    jar = work.client.upload(Path(build.file))
    return jar.id, jar.path


def start_of(work: Work) -> str:
    """Return the savepoint that the new job starts from, '' for none."""
    operation = work.operation
    return "" if operation.start == FRESH else operation.start or operation.taken or work.record.stopped


def target_of(work: Work) -> Build:
    """Return the build that the operation runs. Raises FlinkError when it has none."""
    if work.operation.target is None:
        raise FlinkError(f"The operation {work.operation.kind} runs no build.", hint="Name a jar.")
    return work.operation.target
