"""The operations of a Flink cluster that streamproof uses, with typed results."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from streamproof.flink.diagnosis import root_cause
from streamproof.flink.documents import (
    Checkpoints,
    FailureEntry,
    Job,
    JobSummary,
    Overview,
    Plan,
    Pressure,
    Savepoint,
    UploadedJar,
    batched_names,
    metric_values,
    parsed,
)
from streamproof.flink.rest import RefusedError, Rest
from streamproof.model.errors import FlinkError, UsageError
from streamproof.model.settings import FlinkSettings

_ASSIGNED = re.compile(r"\.KafkaSourceReader\.topic\.(?P<topic>.+)\.partition\.(?P<partition>\d+)\.currentOffset$")
# The characters that Flink replaces in a part of a metric's name.
_REPLACED = re.compile(r"[ .:,]")
_DUPLICATE = ("DuplicateJobSubmissionException", "DuplicateApplicationSubmissionException")


class FlinkClient:
    """One Flink cluster. A job's id is 32 hexadecimal digits.

    Every method raises FlinkError: UnreachableError when nothing answers, RefusedError when Flink refuses the request.
    """

    def __init__(self, settings: FlinkSettings, transport: httpx.BaseTransport | None = None) -> None:
        self._rest = Rest(settings, transport)
        self.url = settings.url

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def __enter__(self) -> Self:
        """Return the client, which the end of the block closes."""
        return self

    def __exit__(self, *_failure: object) -> None:
        """Close the connections."""
        self.close()

    def overview(self) -> Overview:
        """Return the cluster's version and slots."""
        return parsed(Overview, self._rest.get("/overview"), self.url)

    def jobs(self) -> list[JobSummary]:
        """Return all jobs that the cluster remembers, ended ones included, the newest first."""
        jobs = self._entries("/jobs/overview", "jobs", JobSummary)
        return sorted(jobs, key=lambda job: job.started, reverse=True)

    def job(self, job_id: str) -> Job:
        """Return a job with its vertices. Raises RefusedError with status 404 when there is none."""
        return parsed(Job, self._rest.get(f"/jobs/{job_id}"), self.url)

    def find_job(self, job_id: str) -> Job | None:
        """Return a job, or None when the cluster does not know it."""
        try:
            return self.job(job_id)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    def state(self, job_id: str) -> str | None:
        """Return the state of a job, None when the cluster does not know it. Unlike `job`, it is never a few s old."""
        try:
            return str(self._rest.get(f"/jobs/{job_id}/status").get("status"))
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    def job_config(self, job_id: str) -> dict[str, Any]:
        """Return the job's configuration at run time: restart strategy, parallelism, the program's own settings."""
        return dict(self._rest.get(f"/jobs/{job_id}/config").get("execution-config", {}))

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
            raise _not_run(error, entry_class) from None
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
            answer = self._rest.post(
                f"/jars/{jar_id}/run", {key: part for key, part in body.items() if part is not None}
            )
        except RefusedError as error:
            if job_id and any(name in error.cause for name in _DUPLICATE):
                return job_id
            raise _not_run(error, entry_class) from None
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
            if error.status not in (404, 409):
                raise

    def failures(self, job_id: str) -> list[FailureEntry]:
        """Return the failures that the cluster remembers of a job, the newest first.

        A restart followed each, or the end of the job.
        """
        history = self._rest.get(f"/jobs/{job_id}/exceptions").get("exceptionHistory") or {}
        return [parsed(FailureEntry, entry, self.url) for entry in history.get("entries") or ()]

    def root_cause(self, job_id: str) -> str:
        """Return the root cause of the job's last failure on one line, '' when it never failed."""
        failures = self.failures(job_id)
        return root_cause(failures[0].stacktrace or failures[0].exception or "") if failures else ""

    def restarts(self, job_id: str) -> int:
        """Return how often a job was restarted after a failure since it was submitted.

        Flink refreshes the metric every few seconds only, so the failures that it remembers count too.
        """
        metric = self._metrics(f"/jobs/{job_id}/metrics", ["numRestarts"]).get("numRestarts", "0")
        last_one_ended_it = self.job(job_id).state == "FAILED"
        return max(int(float(metric)), len(self.failures(job_id)) - last_one_ended_it, 0)

    def checkpoints(self, job_id: str) -> Checkpoints:
        """Return the counts of a job's checkpoints, the latest ones, and the last completed ones."""
        return Checkpoints.of(self._rest.get(f"/jobs/{job_id}/checkpoints"), self.url)

    def pressure(self, job_id: str) -> list[Pressure]:
        """Return the back pressure of each vertex. Flink samples it: right after the start it knows none yet."""
        return [self._pressure(job_id, vertex.id, vertex.name) for vertex in self.job(job_id).vertices]

    def subtask_metrics(self, job_id: str, vertex_id: str, pattern: re.Pattern[str]) -> dict[str, str]:
        """Return the metrics of a vertex's subtasks whose names match; a name begins with the subtask's number."""
        path = f"/jobs/{job_id}/vertices/{vertex_id}/metrics"
        names = [str(entry["id"]) for entry in self._rest.get(path) if pattern.search(str(entry["id"]))]
        return self._metrics(path, names)

    def assigned_partitions(self, job_id: str, topic: str) -> set[int]:
        """Return the partitions of a Kafka topic that the job's readers hold. Flink refreshes it every few seconds."""
        wanted = _REPLACED.sub("_", topic)
        found: set[int] = set()
        for vertex in self.job(job_id).vertices:
            for name in self.subtask_metrics(job_id, vertex.id, _ASSIGNED):
                match = _ASSIGNED.search(name)
                if match and match["topic"] in (topic, wanted):
                    found.add(int(match["partition"]))
        return found

    def _entries(self, path: str, key: str, kind: type[Any]) -> list[Any]:
        answer = self._rest.get(path)
        return [
            parsed(kind, entry, self.url) for entry in (answer.get(key) if isinstance(answer, dict) else None) or ()
        ]

    def _operation(self, path: str, body: Mapping[str, Any]) -> str:
        answer = self._rest.post(path, _without_none(body))
        return str(answer["request-id"])

    def _metrics(self, path: str, names: Sequence[str]) -> dict[str, str]:
        """Return the values of metrics. They are asked for in groups, because Flink takes no long address."""
        found: dict[str, str] = {}
        for group in batched_names(names):
            found |= metric_values(self._rest.get(path, get=group))
        return found

    def _pressure(self, job_id: str, vertex_id: str, name: str) -> Pressure:
        try:
            answer = self._rest.get(f"/jobs/{job_id}/vertices/{vertex_id}/backpressure")
        except RefusedError as error:
            if "NoSuchElementException" not in error.cause:
                raise
            # There is no sample yet.
            answer = {}
        subtasks = answer.get("subtasks") or ()
        return Pressure(
            vertex=name,
            level=str(answer.get("backpressureLevel") or "unknown"),
            back_pressured=max((float(subtask.get("ratio") or 0) for subtask in subtasks), default=0.0),
            busy=max((float(subtask.get("busyRatio") or 0) for subtask in subtasks), default=0.0),
        )


def _without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set; the cluster's defaults hold for the others."""
    return {key: part for key, part in body.items() if part is not None}


def _not_run(error: RefusedError, entry_class: str | None) -> RefusedError:
    """Return the error of a submission with a hint that fits its cause."""
    missing = bool(entry_class) and f"ClassNotFoundException: {entry_class}" in error.cause
    hint = f"The jar does not hold the entry class {entry_class}." if missing else error.hint
    return RefusedError(
        f"Flink did not start {entry_class or 'the job'}: {error.cause}",
        hint=hint,
        status=error.status,
        cause=error.cause,
    )
