"""The steps that end jobs, and those that restore the old job when a new one was given up."""

from __future__ import annotations

import uuid
from dataclasses import replace

from streamproof.flink.deploying import waits
from streamproof.flink.deploying.record import FAILED, Build, Release
from streamproof.flink.deploying.updating import Next, concluded, uploaded
from streamproof.flink.deploying.work import GateFailedError, Work
from streamproof.model.errors import EXIT_CHECK_FAILED, FlinkError, StreamproofError


def finish_stop(work: Work) -> Next:
    """Record that no job runs, and the savepoint that the next one starts from."""
    record = work.record
    record.stopped, record.previous, record.current = work.operation.taken, record.current, None
    return concluded(work, "stopped")


def cancel_old(work: Work) -> Next:
    """Cancel the current job, and the jobs of an operation that was not finished, without a savepoint."""
    record, operation = work.record, work.operation
    for job_id in operation.abandoned:
        work.client.cancel(job_id)
    if record.current:
        work.client.cancel(record.current.job_id)
        wait = waits.old_ended(work)
        if not wait.look().done:
            return wait
    wait = waits.abandoned_ended(work)
    if not wait.look().done:
        return wait
    record.previous, record.current = record.current or record.previous, None
    return concluded(work, "cancelled")


def cancel_to_roll_back(work: Work) -> Next:
    """Cancel the current job, of which no savepoint could be taken, so that the previous build can run."""
    job_id = work.record.current.job_id if work.record.current else ""
    work.client.cancel(job_id)
    wait = waits.old_ended(work)
    if not wait.look().done:
        return wait
    work.operation.old_ended = True
    return "submit"


def keep_old(work: Work) -> Next:
    """Wait until the current job runs as before, after its savepoint failed. Then report the failure."""
    wait = waits.old_running(work)
    if not wait.look().done:
        return wait
    job_id = work.record.current.job_id if work.record.current else ""
    raise end_with_failure(work, f"Job {job_id} keeps running.")


def give_up(work: Work) -> Next:
    """Cancel the new job. Then restore the old one, if there was one."""
    operation, current = work.operation, work.record.current
    if operation.job_id:
        work.client.cancel(operation.job_id)
        wait = waits.new_ended(work)
        if not wait.look().done:
            return wait
    if operation.jar_id and not (current and current.jar_id == operation.jar_id):
        work.client.delete_jar(operation.jar_id)
        operation.jar_id = ""
    if current is None:
        raise end_with_failure(work, "Nothing runs.")
    if current.build is None or not operation.taken:
        why = "its jar is not known here" if current.build is None else "there is no savepoint of it"
        work.record.stopped, work.record.current = operation.taken, None
        raise end_with_failure(work, f"The job before it cannot be restored: {why}. {_from(operation.taken)}".rstrip())
    return "restore"


def restore(work: Work) -> Next:
    """Run the old build again from the savepoint that was taken of it, and wait until all its tasks run."""
    operation, current = work.operation, work.record.current
    if current is None or current.build is None:
        raise FlinkError("There is no build to restore.", hint="Deploy one.")
    if not operation.restored_id:
        operation.restored_id = uuid.uuid4().hex
        work.save()
    if work.client.find_job(operation.restored_id) is None:
        _run_again(work, current, current.build)
    wait = waits.restored(work)
    if not wait.look().done:
        return wait
    # The upload may have changed the jar's id.
    work.record.current = replace(
        work.record.current or current, job_id=operation.restored_id, savepoint=operation.taken
    )
    then = f"The build before it, {current.build}, runs again as job {operation.restored_id}."
    raise end_with_failure(work, f"{then} {_from(operation.taken)}")


def _run_again(work: Work, release: Release, build: Build) -> None:
    operation = work.operation
    jar_id, jar_path = uploaded(work, build, release.jar_id, release.jar_path)
    work.record.current = replace(release, jar_id=jar_id, jar_path=jar_path)
    work.save()
    work.say(f"Restoring {build} as job {operation.restored_id} from {operation.taken}.")
    work.client.run(
        jar_id,
        entry_class=build.entry_class,
        arguments=build.arguments_for(jar_path),
        parallelism=build.parallelism,
        savepoint=operation.taken,
        job_id=operation.restored_id,
        configuration=build.configuration_for(jar_path),
    )


def not_restored(work: Work, error: StreamproofError) -> FlinkError:
    """Return the error of an old job that could not be restored; the record names the savepoint to go on from."""
    operation = work.operation
    work.record.stopped, work.record.current = operation.taken, None
    return end_with_failure(
        work, f"The job before it could not be restored either: {_sentence(error.message)} {_from(operation.taken)}"
    )


def _from(savepoint: str) -> str:
    return f"Its state is in {savepoint}." if savepoint else ""


def end_with_failure(work: Work, then: str) -> FlinkError:
    """End the operation, and return the error that tells why, and what runs now."""
    operation = work.operation
    kind = GateFailedError if operation.exit_code == EXIT_CHECK_FAILED else FlinkError
    work.record.end(FAILED)
    work.save()
    return kind(f"{_sentence(operation.failure)} {then}".rstrip(), hint=operation.hint)


def _sentence(text: str) -> str:
    """Return a text of Flink or Python, which may lack its full stop, as a sentence."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
