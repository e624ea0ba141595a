"""A cluster in memory that answers as FlinkClient does, and a process that is killed at a chosen request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamproof.flink.documents import FailureEntry, Job, JobSummary, Overview, Plan, Savepoint, UploadedJar
from streamproof.flink.rest import RefusedError, UnreachableError
from streamproof.model.errors import FlinkError


class KilledError(BaseException):
    """The process was killed."""


@dataclass
class Submitted:
    """A job of the cluster. `failures` are the causes of its failures, the newest first."""

    jar: str
    entry_class: str
    savepoint: str
    parallelism: int = 1
    state: str = "RUNNING"
    failures: list[str] = field(default_factory=list)


def refused(cause: str, status: int = 400) -> RefusedError:
    return RefusedError(f"Flink refused: {cause}", hint="a hint", status=status, cause=cause)


class FakeCluster:
    """Jobs end at once, savepoints are complete at once. `behaviour` maps an entry class to what becomes of its job:
    `refused`, `fails`, `restarts` or `slow` (never RUNNING).
    """

    url = "http://flink:8081"

    def __init__(self) -> None:
        self.jobs_by_id: dict[str, Submitted] = {}
        self.uploads: list[str] = []
        self.savepoint_by_trigger: dict[str, Savepoint] = {}
        self.requests: list[str] = []
        self.behaviour: dict[str, str] = {}
        self.failing_savepoints = ""
        self.endless_savepoints = False
        self.savepoints_after = 0
        self.ends_late = False
        self.slots = 4
        self.kill_at: int | None = None
        self.kill_after = False
        self.away_at: int | None = None

    # What changes the cluster is counted, and can kill the process before or after it has happened.
    def _changing(self, what: str, change: Any) -> Any:
        self._require_present()
        number = len(self.requests)
        self.requests.append(what)
        if self.kill_at == number and not self.kill_after:
            raise KilledError
        result = change()
        if self.kill_at == number:
            raise KilledError
        return result

    def _require_present(self) -> None:
        if self.away_at is not None and len(self.requests) >= self.away_at:
            raise UnreachableError("Flink cannot be reached.", hint="a hint")

    def running(self) -> list[Submitted]:
        return [job for job in self.jobs_by_id.values() if job.state not in ("FINISHED", "FAILED", "CANCELED")]

    def close(self) -> None:
        """Nothing to close."""

    def overview(self) -> Overview:
        self._require_present()
        used = sum(job.parallelism for job in self.running())
        return Overview(version="2.3.0", task_managers=1, slots=self.slots, free_slots=self.slots - used)

    def jobs(self) -> list[JobSummary]:
        return [
            JobSummary(id=job_id, name=job.entry_class, state=job.state, started=0)
            for job_id, job in self.jobs_by_id.items()
        ]

    def jars(self) -> list[UploadedJar]:
        return [UploadedJar(id=jar) for jar in self.uploads]

    def upload(self, path: Path) -> UploadedJar:
        def change() -> UploadedJar:
            jar = f"{len(self.requests)}_{path.name}"
            self.uploads.append(jar)
            return UploadedJar(id=jar, path=f"/up/{jar}")

        return self._changing("upload", change)

    def delete_jar(self, jar_id: str) -> None:
        self.uploads = [jar for jar in self.uploads if jar != jar_id]

    def plan(self, jar_id: str, *, entry_class: str, arguments: Sequence[str], parallelism: int | None) -> Plan:
        if entry_class == "no.Where":
            raise refused("java.lang.ClassNotFoundException: no.Where")
        return Plan(name=entry_class, nodes=[{"parallelism": parallelism or 1}])

    def run(self, jar_id: str, *, job_id: str, **asked: Any) -> str:
        def change() -> str:
            assert jar_id in self.uploads, "a job is run from a jar that is there"
            if job_id in self.jobs_by_id:
                return job_id
            entry_class = asked["entry_class"]
            job = Submitted(jar_id, entry_class, asked["savepoint"] or "", asked["parallelism"] or 1)
            behaviour = self.behaviour.get(entry_class)
            if behaviour == "refused":
                self.jobs_by_id[job_id] = Submitted(jar_id, entry_class, job.savepoint, state="FAILED")
                raise refused("java.lang.IllegalStateException: Cannot map checkpoint/savepoint state")
            if behaviour == "fails":
                job.state, job.failures = "FAILED", ["java.lang.ArithmeticException: / by zero"]
            if behaviour == "restarts":
                job.state, job.failures = "RESTARTING", ["java.net.ConnectException: Connection refused"] * 9
            if behaviour == "slow":
                job.state = "CREATED"
            self.jobs_by_id[job_id] = job
            return job_id

        return self._changing("run", change)

    def state(self, job_id: str) -> str | None:
        return self.jobs_by_id[job_id].state if job_id in self.jobs_by_id else None

    def find_job(self, job_id: str) -> Job | None:
        job = self.jobs_by_id.get(job_id)
        if job is None:
            return None
        task = {"RUNNING": job.parallelism} if job.state == "RUNNING" else {}
        vertex = {"id": "v", "name": "all", "parallelism": job.parallelism, "tasks": task}
        return Job(
            id=job_id, name=job.entry_class, state=job.state, started=0, vertices=[vertex], now=100_000, timestamps={}
        )

    def job(self, job_id: str) -> Job:
        found = self.find_job(job_id)
        if found is None:
            raise refused("not found", 404)
        return found

    def failures(self, job_id: str) -> list[FailureEntry]:
        return [FailureEntry(stacktrace=cause, at=1) for cause in self.jobs_by_id[job_id].failures]

    def root_cause(self, job_id: str) -> str:
        failures = self.jobs_by_id[job_id].failures
        return failures[0] if failures else ""

    def stop(self, job_id: str, *, drain: bool, target: str | None, trigger_id: str) -> str:
        def change() -> str:
            if trigger_id in self.savepoint_by_trigger:
                return trigger_id
            if self.failing_savepoints:
                self.savepoint_by_trigger[trigger_id] = Savepoint(done=True, failure=self.failing_savepoints)
            elif self.endless_savepoints:
                self.savepoint_by_trigger[trigger_id] = Savepoint(done=False)
            else:
                self.complete(job_id, trigger_id)
            return trigger_id

        return self._changing("stop", change)

    def complete(self, job_id: str, trigger_id: str) -> None:
        """Complete the savepoint of a job that is being stopped."""
        path = f"file:/sp/{job_id[:6]}-{trigger_id[:6]}"
        self.savepoint_by_trigger[trigger_id] = Savepoint(done=True, path=path)
        self.jobs_by_id[job_id].state = "RUNNING" if self.ends_late else "FINISHED"

    def savepoint(self, job_id: str, trigger_id: str) -> Savepoint:
        if self.savepoints_after and trigger_id in self.savepoint_by_trigger:
            # Not yet, for so many questions.
            self.savepoints_after -= 1
            return Savepoint(done=False)
        if trigger_id not in self.savepoint_by_trigger:
            raise refused("There is no savepoint operation", 404)
        return self.savepoint_by_trigger[trigger_id]

    def cancel(self, job_id: str) -> None:
        def change() -> None:
            if job_id in self.jobs_by_id and self.jobs_by_id[job_id] in self.running():
                self.jobs_by_id[job_id].state = "CANCELED"

        self._changing("cancel", change)


__all__ = ["FakeCluster", "FlinkError", "KilledError", "Submitted", "refused"]
