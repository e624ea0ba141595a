"""The operations of a Flink cluster that streamproof uses: what can be read of it, and what changes it."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamproof.flink.diagnosis import hint_for, is_python_exit, python_error, root_cause
from streamproof.flink.documents import Plan, Savepoint, UploadedJar, parsed
from streamproof.flink.reading import ClusterReader, is_unknown_job
from streamproof.flink.rest import RefusedError
from streamproof.flink.secrets import secret_values, without
from streamproof.model.errors import FlinkError, UsageError

# A log that is longer is not searched for a Python error.
LONGEST_LOG = 32_000_000
_DUPLICATE = ("DuplicateJobSubmissionException", "DuplicateApplicationSubmissionException")


class FlinkClient(ClusterReader):
    """One Flink cluster. Every method raises FlinkError, as those of its base class."""

    def jars(self) -> list[UploadedJar]:
        """Return the uploaded jars, the newest first. Flink does not tell their paths here."""
        return self._entries("/jars", "files", UploadedJar)

    def upload(self, path: Path) -> UploadedJar:
        """Upload a jar, or a Python job's bundle, and return its id and its path on the job manager.

        Raises UsageError when the file cannot be read or is not a jar.
        """
        if not path.is_file() or not zipfile.is_zipfile(path):
            raise UsageError(f"{path} is not a jar.", hint="Name a .jar file that is there, or its Maven coordinate.")
        answer = self._rest.upload("/jars/upload", path)
        stored = str(answer.get("filename", "")) if isinstance(answer, dict) else ""
        if not stored:
            raise FlinkError(f"{self.url} did not say where it put {path.name}.", hint="Is it Flink, version 2?")
        return UploadedJar(id=posixpath.basename(stored), path=stored, name=path.name)

    def delete_jar(self, jar_id: str) -> None:
        """Delete an uploaded jar. Jobs that run from it go on; one that is not there is no error."""
        try:
            self._rest.delete(f"/jars/{jar_id}")
        except RefusedError as error:
            if "does not exist" not in error.cause:
                raise

    def plan(
        self,
        jar_id: str,
        *,
        entry_class: str | None = None,
        arguments: Sequence[str] = (),
        parallelism: int | None = None,
    ) -> Plan:
        """Run the program of an uploaded jar up to its plan, and return this. Nothing is submitted."""
        body = {"entryClass": entry_class, "programArgsList": list(arguments) or None, "parallelism": parallelism}
        try:
            answer = self._rest.post(f"/jars/{jar_id}/plan", _without_none(body))
        except RefusedError as error:
            raise _not_run(error, entry_class, secret_values(arguments)) from None
        return parsed(Plan, answer.get("plan"), self.url)

    def run(
        self,
        jar_id: str,
        *,
        entry_class: str | None = None,
        arguments: Sequence[str] = (),
        parallelism: int | None = None,
        savepoint: str | None = None,
        allow_non_restored: bool = False,
        job_id: str | None = None,
        configuration: Mapping[str, str] | None = None,
    ) -> str:
        """Run an uploaded jar, and return the id of its job.

        `savepoint` is the path of the savepoint or checkpoint to start from; with `allow_non_restored`, state that no
        operator takes is dropped. With `job_id` the job gets this id, and a job that was submitted with it before is
        not submitted again. `configuration` are options of Flink for this job only.
        """
        body: dict[str, Any] = {
            "entryClass": entry_class,
            "programArgsList": list(arguments) or None,
            "parallelism": parallelism,
            "savepointPath": savepoint,
            "allowNonRestoredState": allow_non_restored if savepoint else None,
            "jobId": job_id,
            "flinkConfiguration": dict(configuration) if configuration else None,
        }
        try:
            answer = self._rest.post(f"/jars/{jar_id}/run", _without_none(body))
        except RefusedError as error:
            if job_id and any(name in error.cause for name in _DUPLICATE):
                return job_id
            secrets = secret_values(arguments, configuration)
            raise self._python_failure(error, secrets) or _not_run(error, entry_class, secrets) from None
        return str(answer["jobid"])

    def stop(
        self, job_id: str, *, drain: bool = False, target: str | None = None, trigger_id: str | None = None
    ) -> str:
        """Begin to stop a job with a savepoint, and return the id of the operation for `savepoint`.

        With `drain` the job first processes everything in flight as if time had ended; it cannot be resumed then.
        `target` is the folder of the savepoint, by default the cluster's. With `trigger_id` the operation gets this id,
        and asking twice begins it once.
        """
        body = {"drain": drain, "targetDirectory": target, "triggerId": trigger_id}
        return self._operation(f"/jobs/{job_id}/stop", body)

    def trigger_savepoint(self, job_id: str, *, target: str | None = None, trigger_id: str | None = None) -> str:
        """Begin a savepoint of a job that goes on running, and return the id of the operation."""
        body = {"cancel-job": False, "target-directory": target, "triggerId": trigger_id}
        return self._operation(f"/jobs/{job_id}/savepoints", body)

    def savepoint(self, job_id: str, operation: str) -> Savepoint:
        """Return the state of the operation that makes a savepoint."""
        answer = self._rest.get(f"/jobs/{job_id}/savepoints/{operation}")
        result = answer.get("operation") or {}
        failure = result.get("failure-cause") or {}
        return Savepoint(
            done=(answer.get("status") or {}).get("id") == "COMPLETED",
            path=result.get("location") or "",
            failure=root_cause(failure.get("stack-trace") or failure.get("class") or ""),
        )

    def cancel(self, job_id: str) -> None:
        """Begin to cancel a job, without a savepoint. One that has ended, or is not known, is no error."""
        try:
            self._rest.patch(f"/jobs/{job_id}", mode="cancel")
        except RefusedError as error:
            if error.status != 409 and not is_unknown_job(error):
                raise

    def _operation(self, path: str, body: Mapping[str, Any]) -> str:
        answer = self._rest.post(path, _without_none(body))
        return str(answer["request-id"])

    def _python_failure(self, error: RefusedError, secrets: Sequence[str]) -> RefusedError | None:
        """Return the error of a Python program that ended before it had submitted a job, None for other refusals."""
        if not is_python_exit(error.cause):
            return None
        try:
            found = python_error(self._rest.text("/jobmanager/log", most=LONGEST_LOG))
        except FlinkError:
            # The job manager may keep no log. Then the hint tells where to look.
            found = ""
        cause = without(secrets, found or error.cause)
        message = f"The Python program did not start a job: {cause}"
        return RefusedError(message, hint=hint_for(error.cause), status=error.status, cause=cause)


def _without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set; the cluster's defaults hold for the others."""
    return {key: part for key, part in body.items() if part is not None}


def _not_run(error: RefusedError, entry_class: str | None, secrets: Sequence[str]) -> RefusedError:
    """Return the error of a submission with a hint that fits its cause, and without these secrets."""
    missing = bool(entry_class) and f"ClassNotFoundException: {entry_class}" in error.cause
    hint = f"The jar does not hold the entry class {entry_class}." if missing else error.hint
    cause = without(secrets, error.cause)
    message = f"Flink did not start {entry_class or 'the job'}: {cause}"
    return RefusedError(message, hint=hint, status=error.status, cause=cause)
