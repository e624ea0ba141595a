"""Flink's answers as immutable objects. Fields that nobody needs are left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streamproof.flink.states import ENDED, FINISHED, RUNNING
from streamproof.model.errors import FlinkError

# Flink refuses an address of more than 4,096 characters; quoting makes names longer.
LONGEST_QUERY = 2_000


class Document(BaseModel):
    """An answer of Flink. Unknown fields are ignored, because versions of Flink add some."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


D = TypeVar("D", bound=Document)


def parsed(kind: type[D], data: Any, url: str) -> D:
    """Return an answer as an object. Raises FlinkError when it is the answer of something else."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise FlinkError(
            f"{url} does not answer as Flink does: {'.'.join(map(str, first['loc']))}: {first['msg']}.",
            hint="Is it the address of Flink's REST interface, of version 2?",
        ) from None


class Overview(Document):
    """The cluster: its version and its task slots."""

    version: str = Field(alias="flink-version")
    task_managers: int = Field(alias="taskmanagers")
    slots: int = Field(alias="slots-total")
    free_slots: int = Field(alias="slots-available")


class UploadedJar(Document):
    """A jar on the job manager. `path` is its path there, '' where Flink does not tell it (in a list)."""

    id: str
    path: str = ""
    name: str = ""
    uploaded: int = 0


class JobSummary(Document):
    """A job in the list of all jobs; `started` is in Unix milliseconds."""

    id: str = Field(alias="jid")
    name: str
    state: str
    started: int = Field(alias="start-time")

    @property
    def ended(self) -> bool:
        """Return whether it will never run again."""
        return self.state in ENDED


class Vertex(Document):
    """A chain of operators of a job; `tasks` is the number of its subtasks in each state."""

    id: str
    name: str
    parallelism: int
    tasks: dict[str, int]
    started: int = Field(default=0, alias="start-time")

    @property
    def ready(self) -> bool:
        """Return whether every subtask runs, or has read all of a bounded input."""
        return self.tasks.get(RUNNING, 0) + self.tasks.get(FINISHED, 0) >= self.parallelism

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.tasks.items()) if count)
        return f"{self.name} ({states or 'no task'}; parallelism {self.parallelism})"


class Job(JobSummary):
    """A job with its vertices; `now` is the job manager's clock in Unix milliseconds."""

    vertices: tuple[Vertex, ...] = ()
    timestamps: dict[str, int] = Field(default_factory=dict)
    now: int = 0

    @property
    def running_since(self) -> int:
        """Return when the job became RUNNING or the last of its vertices started, in Unix milliseconds."""
        return max([self.timestamps.get(RUNNING, 0), *(vertex.started for vertex in self.vertices)])

    @property
    def slots(self) -> int:
        """Return how many task slots the job holds while it runs, if its operators share slots as by default."""
        return max((vertex.parallelism for vertex in self.vertices), default=0)

    @property
    def running(self) -> bool:
        """Return whether the job is RUNNING, and all its tasks too."""
        return self.state == RUNNING and bool(self.vertices) and all(vertex.ready for vertex in self.vertices)

    @property
    def missing(self) -> str:
        """Return what is missing until it runs, '' when it runs."""
        if self.running:
            return ""
        waiting = "; ".join(str(vertex) for vertex in self.vertices if not vertex.ready)
        return f"job '{self.name}' is {self.state}" + (f", and these tasks do not run: {waiting}" if waiting else "")


class Checkpoint(Document):
    """A completed checkpoint or savepoint. Sizes are in bytes, times in (Unix) milliseconds."""

    id: int
    savepoint: bool = Field(alias="is_savepoint")
    triggered: int = Field(alias="trigger_timestamp")
    duration: int = Field(alias="end_to_end_duration")
    size: int = Field(alias="state_size")
    path: str | None = Field(default=None, alias="external_path")


class FailedCheckpoint(Document):
    """A checkpoint that failed, and why; `reason` is '' where Flink does not say it."""

    id: int
    reason: str | None = Field(default="", alias="failure_message")
    failed: int = Field(default=0, alias="failure_timestamp")


class RestoredFrom(Document):
    """The checkpoint or savepoint from which a job was restored."""

    id: int
    savepoint: bool = Field(alias="is_savepoint")
    path: str | None = Field(default=None, alias="external_path")


class CheckpointCounts(Document):
    """How many checkpoints a job has made since its start; `restored` counts restarts from one."""

    restored: int
    total: int
    in_progress: int
    completed: int
    failed: int


class _Latest(Document):
    completed: Checkpoint | None = None
    savepoint: Checkpoint | None = None
    failed: FailedCheckpoint | None = None
    restored: RestoredFrom | None = None


class Checkpoints(Document):
    """The checkpoints of a job; `history` has the last ones that completed, newest first."""

    counts: CheckpointCounts
    latest: _Latest
    completed: tuple[Checkpoint, ...] = ()

    @classmethod
    def of(cls, data: Any, url: str) -> Checkpoints:
        """Read Flink's document, whose history mixes completed, failed and pending ones."""
        history = data.get("history", []) if isinstance(data, dict) else []
        done = [entry for entry in history if isinstance(entry, dict) and entry.get("status") == "COMPLETED"]
        return parsed(cls, {**data, "completed": done} if isinstance(data, dict) else data, url)


class Savepoint(Document):
    """The state of an operation that makes a savepoint: `path` when it succeeded, `failure` when it failed."""

    done: bool
    path: str = ""
    failure: str = ""


class Pressure(Document):
    """The back pressure of a vertex: `level` is ok, low or high; the ratios of its busiest subtask are 0 to 1."""

    vertex: str
    level: str
    back_pressured: float
    busy: float


class FailureEntry(Document):
    """An entry of a job's history of failures; `at` is in Unix milliseconds."""

    stacktrace: str = ""
    exception: str | None = Field(default="", alias="exceptionName")
    at: int = Field(default=0, alias="timestamp")
    task: str | None = Field(default=None, alias="taskName")
    place: str | None = Field(default=None, alias="endpoint")


def metric_values(data: Any) -> dict[str, str]:
    """Return the values of an answer with metrics by the metric's name."""
    entries: Iterable[Any] = data if isinstance(data, list) else ()
    return {str(entry["id"]): str(entry["value"]) for entry in entries if "id" in entry and "value" in entry}


def batched_names(names: Sequence[str]) -> Iterator[str]:
    """Yield the names of metrics joined by commas, in groups that fit into an address."""
    group = ""
    for name in names:
        if group and len(group) + len(name) >= LONGEST_QUERY:
            yield group
            group = ""
        group = f"{group},{name}" if group else name
    if group:
        yield group


class Plan(Document):
    """What Flink plans for a job before it is submitted: its name, and its nodes with their parallelism."""

    class Node(Document):
        """A node of the plan."""

        parallelism: int = 1

    name: str = ""
    nodes: tuple[Node, ...] = ()

    @property
    def slots(self) -> int:
        """Return how many task slots the job needs, if its operators share slots as by default."""
        return max((node.parallelism for node in self.nodes), default=1)
