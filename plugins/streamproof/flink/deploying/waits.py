"""The conditions that an operation waits for. Each is one probe, whose message says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from streamproof.flink.deploying.work import Wait, Work
from streamproof.flink.diagnosis import hint_for
from streamproof.flink.documents import Job
from streamproof.flink.rest import RefusedError, UnreachableError
from streamproof.flink.states import ENDED, FAILED
from streamproof.model.errors import FlinkError
from streamproof.model.waiting import Probe

_EXCEPTIONS = "See the exceptions of the job in Flink's web interface, or `streamproof flink status`."
_AWAY = "Is the job manager running? The operation goes on where it was when it is begun again."
_SAVEPOINT = "Back pressure delays a savepoint: see `streamproof flink status`. The job stops when it is complete."


class LostSavepointError(FlinkError):
    """The job manager does not know the operation that takes a savepoint: it was not begun, or forgotten."""


def reachable(work: Work) -> Wait:
    """Wait until the job manager answers."""

    def look() -> Probe:
        return Probe(bool(work.client.overview().version))

    return Wait("reachable", _patient(look), work.limits.reach, f"Flink at {work.client.url}", _AWAY)


def saved(work: Work) -> Wait:
    """Wait until the savepoint of the current job is complete. `look` raises LostSavepointError where none is known."""
    job_id, trigger_id = _current(work), work.operation.trigger_id

    def look() -> Probe:
        try:
            savepoint = work.client.savepoint(job_id, trigger_id)
        except RefusedError as error:
            if error.status == 404:
                raise LostSavepointError(
                    f"Flink does not know the savepoint of job {job_id} that was asked for.",
                    hint="Was the job manager started anew? Look for the savepoint in its folder, and name it.",
                ) from None
            raise
        if savepoint.failure:
            raise FlinkError(
                f"The savepoint of job {job_id} failed: {savepoint.failure}.", hint=hint_for(savepoint.failure)
            )
        return Probe(savepoint.done, "its completion")

    return Wait("saved", _patient(look), work.limits.savepoint, f"the savepoint of job {job_id}", _SAVEPOINT)


def old_ended(work: Work) -> Wait:
    """Wait until the current job has ended."""
    return _ended(work, "old_ended", _current(work))


def old_running(work: Work) -> Wait:
    """Wait until the current job runs as before, after a savepoint that failed. Flink may have to restart it."""
    return _running(work, "old_running", _current(work), restarts=None)


def new_running(work: Work) -> Wait:
    """Wait until the new job and all its tasks run."""
    return _running(work, "new_running", work.operation.job_id, restarts=work.limits.restarts)


def new_stable(work: Work) -> Wait:
    """Wait until the new job has run for the watch time since it started or was last restarted."""
    job_id = work.operation.job_id

    def look() -> Probe:
        job = work.client.job(job_id)
        _require_alive(work, job, work.limits.restarts)
        if not job.running:
            return Probe(False, job.missing)
        since = max([job.running_since, *(failure.at for failure in work.client.failures(job_id))])
        left = work.limits.watch - (job.now - since) / 1000
        return Probe(left <= 0, f"job '{job.name}' has to run for another {left:.0f} s")

    timeout = work.limits.start + work.limits.watch
    return Wait("new_stable", _patient(look), timeout, f"job {job_id} to stay up", _EXCEPTIONS)


def new_ended(work: Work) -> Wait:
    """Wait until the new job, which is given up, has ended."""
    return _ended(work, "new_ended", work.operation.job_id)


def restored(work: Work) -> Wait:
    """Wait until the job of the old build and all its tasks run again."""
    return _running(work, "restored", work.operation.restored_id, restarts=work.limits.restarts)


def abandoned_ended(work: Work) -> Wait:
    """Wait until the jobs of an operation that was not finished have ended."""

    def look() -> Probe:
        states = {job_id: work.client.state(job_id) for job_id in work.operation.abandoned}
        left = [f"{job_id} is {state}" for job_id, state in states.items() if state and state not in ENDED]
        return Probe(not left, ", ".join(left))

    return Wait("abandoned_ended", _patient(look), work.limits.start, "the end of these jobs", _EXCEPTIONS)


def _current(work: Work) -> str:
    return work.record.current.job_id if work.record.current else ""


def _patient(look: Callable[[], Probe]) -> Callable[[], Probe]:
    """Return the same condition. It is also awaited while the job manager does not answer."""

    def patient() -> Probe:
        try:
            return look()
        except UnreachableError as error:
            return Probe(False, error.message)

    return patient


def _ended(work: Work, name: str, job_id: str) -> Wait:
    def look() -> Probe:
        state = work.client.state(job_id)
        return Probe(state is None or state in ENDED, f"it is {state}")

    return Wait(name, _patient(look), work.limits.start, f"the end of job {job_id}", _EXCEPTIONS)


def _running(work: Work, name: str, job_id: str, *, restarts: int | None) -> Wait:
    def look() -> Probe:
        job = work.client.find_job(job_id)
        if job is None:
            return Probe(False, f"the cluster does not know job {job_id}")
        _require_alive(work, job, restarts)
        return Probe(job.running, job.missing)

    return Wait(name, _patient(look), work.limits.start, f"job {job_id} to run", _EXCEPTIONS)


def _require_alive(work: Work, job: Job, restarts: int | None) -> None:
    """Raise FlinkError with the root cause when a job has failed, ended, or was restarted more often than allowed."""
    failures = work.client.failures(job.id)
    if not job.ended and (restarts is None or len(failures) <= restarts):
        return
    cause = work.client.root_cause(job.id)
    if job.state == FAILED:
        happened = "has failed"
    elif job.ended:
        happened = f"has ended by itself ({job.state})"
    else:
        happened = f"was restarted {len(failures)} times"
    text = f"Job '{job.name}' ({job.id}) {happened}" + (f": {cause}" if cause else "")
    raise FlinkError(f"{text}.", hint=hint_for(cause) if cause else "Is its input bounded? A deployed job never ends.")


WAITS: Mapping[str, Callable[[Work], Wait]] = MappingProxyType(
    {
        wait.__name__: wait
        for wait in (
            *(reachable, saved, old_ended, old_running, new_running, new_stable),
            *(new_ended, restored, abandoned_ended),
        )
    }
)
