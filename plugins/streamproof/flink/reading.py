"""What a Flink cluster tells about itself and its jobs, with typed results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

import httpx

from streamproof.flink.diagnosis import root_cause
from streamproof.flink.documents import (
    Checkpoints,
    FailureEntry,
    Job,
    JobSummary,
    Overview,
    Pressure,
    batched_names,
    metric_values,
    parsed,
)
from streamproof.flink.rest import RefusedError, Rest
from streamproof.model.settings import FlinkSettings

_ASSIGNED = re.compile(r"\.KafkaSourceReader\.topic\.(?P<topic>.+)\.partition\.(?P<partition>\d+)\.currentOffset$")
# The characters that Flink replaces in a part of a metric's name.
_REPLACED = re.compile(r"[ .:,]")


class ClusterReader:
    """One Flink cluster, to be read. A job's id is 32 hexadecimal digits.

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
            if is_unknown_job(error):
                return None
            raise

    def state(self, job_id: str) -> str | None:
        """Return the state of a job, None when the cluster does not know it. Unlike `job`, it is never a few s old."""
        try:
            return str(self._rest.get(f"/jobs/{job_id}/status").get("status"))
        except RefusedError as error:
            if is_unknown_job(error):
                return None
            raise

    def job_config(self, job_id: str) -> dict[str, Any]:
        """Return the job's configuration at run time: restart strategy, parallelism, the program's own settings."""
        return dict(self._rest.get(f"/jobs/{job_id}/config").get("execution-config", {}))

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
        return set(self.read_offsets(job_id, topic))

    def read_offsets(self, job_id: str, topic: str) -> dict[int, int]:
        """Return the offset of the last record that was read of each partition; negative where none was read yet."""
        wanted = _REPLACED.sub("_", topic)
        found: dict[int, int] = {}
        for vertex in self.job(job_id).vertices:
            for name, offset in self.subtask_metrics(job_id, vertex.id, _ASSIGNED).items():
                match = _ASSIGNED.search(name)
                if match and match["topic"] in (topic, wanted):
                    found[int(match["partition"])] = int(float(offset))
        return found

    def _entries(self, path: str, key: str, kind: type[Any]) -> list[Any]:
        answer = self._rest.get(path)
        return [
            parsed(kind, entry, self.url) for entry in (answer.get(key) if isinstance(answer, dict) else None) or ()
        ]

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


def is_unknown_job(error: RefusedError) -> bool:
    """Return whether Flink does not know a job. Some of its answers have status 500 then."""
    return error.status == 404 or "FlinkJobNotFoundException" in error.cause
