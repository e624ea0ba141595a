"""A deployment: begin an operation, and go through its steps until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from streamproof.flink.deploying import undoing, updating
from streamproof.flink.deploying.record import (
    CANCEL,
    DEPLOY,
    FAILED,
    ROLL_BACK,
    STOP,
    Build,
    Operation,
    Outcome,
    Release,
)
from streamproof.flink.deploying.updating import DONE, Next
from streamproof.flink.deploying.waits import WAITS, LostSavepointError, reachable, saved
from streamproof.flink.deploying.work import Wait, Work
from streamproof.flink.rest import UnreachableError
from streamproof.flink.states import ENDED
from streamproof.model.errors import FlinkError, StreamproofError, WaitTimeoutError
from streamproof.model.waiting import wait_until

_FIRST = {DEPLOY: "check", ROLL_BACK: "check", STOP: "stop_old", CANCEL: "cancel_old"}
# Until these steps are done, the current job has not been touched.
_HARMLESS = ("check", "upload", "plan")
_NEW_JOB = ("submit", "watch", "gate")
STEPS: Mapping[str, Callable[[Work], Next]] = MappingProxyType(
    {
        step.__name__: step
        for step in (
            *(updating.check, updating.upload, updating.plan, updating.stop_old),
            *(updating.submit, updating.watch, updating.gate, updating.finish),
            *(undoing.finish_stop, undoing.cancel_old, undoing.cancel_to_roll_back),
            *(undoing.keep_old, undoing.give_up, undoing.restore),
        )
    }
)


class Deployment:
    """One deployment on one cluster.

    `advance` does what can be done at once, and returns what must be awaited; a wait that fails is passed to `failed`.
    `run` does both. A new process goes on with an operation that was interrupted when it is begun again.
    """

    def __init__(self, work: Work) -> None:
        self.work = work

    def deploy(
        self,
        build: Build,
        *,
        savepoint: str = "",
        drain: bool = False,
        allow_non_restored: bool = False,
        folder: str | None = None,
        operation_id: str = "",
    ) -> None:
        """Begin to run a build instead of the current job, from this job's state.

        `savepoint` is another state to start from; `none` is no state. With `drain` the current job processes
        everything in flight first. `folder` is where its savepoint goes. An operation with an `operation_id` is done
        once. Raises FlinkError when another operation has not been finished.
        """
        self._begin(
            Operation(
                DEPLOY,
                _FIRST[DEPLOY],
                operation_id,
                target=build,
                start=savepoint,
                drain=drain,
                allow_non_restored=allow_non_restored,
                folder=folder,
            )
        )

    def stop(self, *, drain: bool = False, folder: str | None = None, operation_id: str = "") -> None:
        """Begin to stop the current job with a savepoint, from which the next deployment goes on."""
        self._require_current(operation_id)
        self._begin(Operation(STOP, _FIRST[STOP], operation_id, drain=drain, folder=folder))

    def cancel(self, *, operation_id: str = "") -> None:
        """Begin to cancel the current job without a savepoint, and all jobs of an operation that was not finished."""
        left = self.work.record.operation
        if left is not None and left.kind != CANCEL:
            self.work.record.operation = None
            jobs = [job_id for job_id in (left.job_id, left.restored_id) if job_id]
            self._begin(Operation(CANCEL, _FIRST[CANCEL], operation_id, abandoned=jobs))
        else:
            self._begin(Operation(CANCEL, _FIRST[CANCEL], operation_id))

    def roll_back(self, *, operation_id: str = "") -> None:
        """Begin to run the previous build from the savepoint that was taken when it was replaced.

        Raises FlinkError when there is no previous build.
        """
        record = self.work.record
        if self._done_before(operation_id) or (record.operation and record.operation.kind == ROLL_BACK):
            return
        before = record.previous
        if before is None or before.build is None:
            raise FlinkError(
                f"Deployment {record.name} has no previous build to roll back to.", hint="Deploy the jar that you want."
            )
        start = (record.current.before if record.current else record.stopped) or before.savepoint
        if not start:
            raise FlinkError(
                f"There is no savepoint of the previous build {before.build}.",
                hint="Deploy its jar with --savepoint PATH, or `--savepoint none` to start without state.",
            )
        self._begin(Operation(ROLL_BACK, _FIRST[ROLL_BACK], operation_id, target=before.build, start=start))
        self.work.operation.jar_id, self.work.operation.jar_path = before.jar_id, before.jar_path
        self.work.save()

    def adopt(self, job_id: str) -> None:
        """Take a job that was deployed by other means for the current one. It may have been replaced before.

        Raises FlinkError when it does not run, or when the deployment has another job.
        """
        record = self.work.record
        if record.operation is not None:
            return
        job, own = self.work.client.find_job(job_id), record.current.job_id if record.current else ""
        runs = job is not None and not job.ended
        if own and not runs:
            return
        if own not in ("", job_id) and self.work.client.state(own) not in (None, *ENDED):
            raise FlinkError(
                f"Deployment {record.name} has job {own} already.", hint="Choose another name for the deployment."
            )
        if not runs:
            state = job.state if job else "not known to the cluster"
            raise FlinkError(f"Job {job_id} is {state}.", hint="Name a job that runs: see `streamproof flink status`.")
        if own != job_id:
            record.current = Release(job_id=job_id)
            self.work.save()

    def run(self) -> Outcome:
        """Go on until the operation has ended, and return its outcome. Raises FlinkError when it failed."""
        while (wait := self.advance()) is not None:
            self.work.say(f"Waiting for {wait.message}.")
            try:
                wait_until(wait.look, timeout=wait.timeout, message=wait.message, hint=wait.hint)
            except StreamproofError as error:
                self.failed(error)
        return self.outcome

    @property
    def outcome(self) -> Outcome:
        """Return the outcome of the last operation. Raises FlinkError when there was none."""
        if self.work.record.outcome is None:
            raise FlinkError(f"Nothing was done with deployment {self.work.record.name}.", hint="Deploy a jar.")
        return self.work.record.outcome

    def advance(self) -> Wait | None:
        """Do the steps that can be done now. Return what must be awaited, None when the operation has ended.

        Raises FlinkError when it failed; what ran before then runs again, as far as possible.
        """
        while (operation := self.work.record.operation) is not None:
            operation.waiting = ""
            try:
                following = STEPS[operation.step](self.work)
            except UnreachableError as error:
                if operation.step == "check":
                    self.failed(error)
                following = reachable(self.work)
            except StreamproofError as error:
                self.failed(error)
                continue
            if isinstance(following, Wait):
                operation.waiting = following.name
                self.work.save()
                return following
            if following == DONE:
                break
            operation.step = following
            self.work.save()
        return None

    def awaited(self) -> Wait | None:
        """Return what the operation waits for, without doing anything; None when it waits for nothing."""
        operation = self.work.record.operation
        return WAITS[operation.waiting](self.work) if operation and operation.waiting else None

    def failed(self, error: StreamproofError) -> None:
        """Choose the step that follows a failure. Raises the error when nothing is left to do."""
        operation = self.work.record.operation
        if operation is None:
            # The step has ended the operation, and its error tells what runs now.
            raise error
        if operation.step in _HARMLESS:
            self._drop(operation)
            raise error
        if operation.waiting == reachable.__name__:
            raise error
        if isinstance(error, LostSavepointError) and operation.waiting == saved.__name__:
            # A new job manager does not know the savepoint. The step asks for it again, if the job still runs.
            return
        if operation.step in _NEW_JOB:
            self._go_to("give_up", error)
        elif operation.step == "stop_old":
            self._not_stopped(operation, error)
        elif operation.step in ("give_up", "restore"):
            raise undoing.not_restored(self.work, error)
        elif operation.step == "keep_old":
            raise undoing.end_with_failure(self.work, error.message)
        else:
            raise error

    def _drop(self, operation: Operation) -> None:
        """End an operation that has changed nothing but for an uploaded jar, which is deleted."""
        record = self.work.record
        kept = {release.jar_id for release in (record.current, record.previous) if release}
        try:
            if operation.jar_id and operation.jar_id not in kept:
                self.work.client.delete_jar(operation.jar_id)
        except FlinkError as error:
            self.work.say(f"The uploaded jar {operation.jar_id} was not deleted: {error.message}")
        record.operation = None
        self.work.save()

    def _not_stopped(self, operation: Operation, error: StreamproofError) -> None:
        """Go on after a savepoint that failed: the current job keeps running."""
        if operation.kind == ROLL_BACK:
            self.work.say(f"{error.message} The job is cancelled without a savepoint.")
            operation.step = "cancel_to_roll_back"
            self.work.save()
        elif operation.taken:
            # The savepoint is complete. The operation goes on when it is begun again.
            raise error
        elif isinstance(error, WaitTimeoutError):
            raise FlinkError(
                f"{error.message} The job keeps running until it is complete.",
                hint=f"{error.hint} Begin the operation again to go on, or cancel it.",
            )
        else:
            self._go_to("keep_old", error)

    def _go_to(self, step: str, error: StreamproofError) -> None:
        operation = self.work.operation
        operation.step, operation.waiting = step, ""
        operation.failure, operation.hint, operation.exit_code = error.message, error.hint, error.exit_code
        self.work.say(error.message)
        self.work.save()

    def _begin(self, operation: Operation) -> None:
        """Record a new operation, or go on with the same one that was interrupted. Raises FlinkError for another."""
        record = self.work.record
        if self._done_before(operation.id):
            return
        if record.operation is None:
            record.operation = operation
            self.work.save()
        elif record.operation.request != operation.request:
            raise FlinkError(
                f"Deployment {record.name} has an operation that was not finished: {record.operation.kind}, at step "
                f"{record.operation.step}.",
                hint="Begin the same operation again to finish it, or cancel the deployment.",
            )

    def _done_before(self, operation_id: str) -> bool:
        outcome = self.work.record.outcome
        same = bool(operation_id) and outcome is not None and outcome.operation_id == operation_id
        return same and outcome is not None and outcome.status != FAILED

    def _require_current(self, operation_id: str) -> None:
        record = self.work.record
        if record.current is None and record.operation is None and not self._done_before(operation_id):
            raise FlinkError(
                f"Deployment {record.name} has no job that runs.", hint="See `streamproof flink status`, or deploy one."
            )
