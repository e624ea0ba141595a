"""A planned run whose processor is a job on Flink, on a cluster in memory that answers as FlinkClient does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from streamproof.flink.documents import Checkpoints, FailureEntry, Job, Overview, UploadedJar, Vertex
from streamproof.flink.rest import RefusedError
from streamproof.model.settings import Connections, FlinkSettings, KafkaSettings, WarehouseSettings
from streamproof.model.stack import ProcessIdentity, StackState
from streamproof.runs.context import RunContext
from streamproof.runtime.files import write_json

URL = "http://flink:8081"
ADDRESSES: dict[str, Any] = {
    "kafka_kind": "broker", "bootstrap_servers": "127.0.0.1:19092", "clickhouse_host": "127.0.0.1",
    "clickhouse_port": 18123, "clickhouse_tcp_port": 19000, "clickhouse_user": "ada", "flink_rest": URL,
}  # fmt: skip


@dataclass
class Cluster:
    """A cluster. `refusal` is the cause why it refuses to run a jar; `ends_after` looks until a cancelled job ends."""

    url: str = URL
    slots: int = 1
    states: dict[str, str] = field(default_factory=dict)
    uploads: list[UploadedJar] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    refusal: str = ""
    ends_after: int = 2

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        """Nothing to close."""

    def overview(self) -> Overview:
        return Overview(version="2.3.0", task_managers=2, slots=2, free_slots=self.slots)

    def jars(self) -> list[UploadedJar]:
        return [UploadedJar(id=jar.id, name=jar.name) for jar in self.uploads]

    def upload(self, path: Path) -> UploadedJar:
        assert path.is_file()
        number = len(self.uploads)
        jar = UploadedJar(id=f"{number}_{path.name}", path=f"/up/{number}_{path.name}", name=path.name)
        self.uploads.append(jar)
        return jar

    def delete_jar(self, jar_id: str) -> None:
        self.uploads = [jar for jar in self.uploads if jar.id != jar_id]

    def run(self, jar_id: str, **asked: Any) -> str:
        assert jar_id in [jar.id for jar in self.uploads]
        if self.refusal:
            raise RefusedError(self.refusal, hint="a hint", status=400, cause=self.refusal)
        self.runs.append({"jar": jar_id, **asked})
        self.states[asked["job_id"]] = "RUNNING"
        return str(asked["job_id"])

    def state(self, job_id: str) -> str | None:
        if self.states.get(job_id) == "CANCELLING":
            self.ends_after -= 1
            if self.ends_after <= 0:
                self.states[job_id] = "CANCELED"
        return self.states.get(job_id)

    def cancel(self, job_id: str) -> None:
        if self.states.get(job_id) in ("RUNNING", "RESTARTING"):
            self.states[job_id] = "CANCELLING"

    def job(self, job_id: str) -> Job:
        vertex = Vertex(id="v", name="in", parallelism=1, tasks={self.states[job_id]: 1})
        return Job(id=job_id, name="clicks", state=self.states[job_id], started=0, vertices=(vertex,))

    def failures(self, _job_id: str) -> list[FailureEntry]:
        return [FailureEntry(stacktrace=cause) for cause in self.causes]

    def checkpoints(self, _job_id: str) -> Checkpoints:
        one = {"id": 1, "status": "COMPLETED", "is_savepoint": False, "trigger_timestamp": 1, "state_size": 288}
        counts = {"restored": 0, "total": 1, "in_progress": 0, "completed": 1, "failed": 0}
        return Checkpoints.of({"counts": counts, "latest": {}, "history": [one | {"end_to_end_duration": 26}]}, URL)

    def root_cause(self, _job_id: str) -> str:
        return self.causes[0] if self.causes else ""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster that every client of the test is connected to."""
    found = Cluster()
    monkeypatch.setattr("streamproof.flink.client.FlinkClient", lambda _settings: found)
    return found


@pytest.fixture
def flink_run(planned: Callable[..., RunContext]) -> Callable[..., RunContext]:
    """The function that plans a run of the shipped pack's job, with a stack that is up."""

    def make(**request: Any) -> RunContext:
        ctx = planned(**{"stack": "external", "processor": "flink", **request})
        state = StackState(name="r1", status="ready", supervisor=ProcessIdentity(1, 1.0), **ADDRESSES)
        write_json(ctx.folder.stack / "state.json", state.as_json())
        outside = Connections(
            WarehouseSettings("h", 8123), "the test", kafka=KafkaSettings("k:9092"), flink=FlinkSettings(URL)
        )
        return ctx.connected(lambda: outside)

    return make
