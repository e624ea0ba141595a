"""What is known of a deployment: its builds, jobs and savepoints, and the operation that is under way.

It is written before every request that changes the cluster. So when a process is killed, another one goes on at the
same step with the same ids, and nothing is submitted twice.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from streamproof.flink.bundle import BUNDLE, HASH_DIGITS, PYTHON_FILES
from streamproof.model.errors import FlinkError, UsageError
from streamproof.model.files import file_lock, write_json
from streamproof.model.formats.json_data import from_json
from streamproof.model.window import iso_ms

DEPLOY, STOP, CANCEL, ROLL_BACK = "deploy", "stop", "cancel", "rollback"
FAILED = "failed"
# Arguments of a program may hold a secret.
_PRIVATE = 0o600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Build:
    """A jar, and how its program is started. `file` is a copy of the jar beside the record.

    The argument `{bundle}` stands for the path of the uploaded jar. `plannable` says whether Flink can plan the job
    before it is submitted; it cannot for a Python job.
    """

    name: str
    sha256: str
    file: str
    entry_class: str | None = None
    arguments: tuple[str, ...] = ()
    parallelism: int | None = None
    configuration: dict[str, str] = field(default_factory=dict)
    plannable: bool = True

    def __str__(self) -> str:
        return f"{self.name} ({self.sha256[:HASH_DIGITS]})"

    def arguments_for(self, jar_path: str) -> list[str]:
        """Return the program arguments for a jar that was uploaded to this path."""
        return [jar_path if argument == BUNDLE else argument for argument in self.arguments]

    def configuration_for(self, jar_path: str) -> dict[str, str]:
        """Return the options of the job for a jar that was uploaded to this path, from which functions are imported."""
        if BUNDLE not in self.arguments:
            return self.configuration
        files = [self.configuration[PYTHON_FILES]] if PYTHON_FILES in self.configuration else []
        return {**self.configuration, PYTHON_FILES: ",".join([*files, jar_path])}


@dataclass(frozen=True, slots=True)
class Release:
    """A build that was submitted as a job. `build` is None for a job that was deployed by other means.

    `savepoint` is what the job started from, '' for none. `before` is the savepoint that was taken when the job before
    it was stopped.
    """

    job_id: str
    build: Build | None = None
    jar_id: str = ""
    jar_path: str = ""
    savepoint: str = ""
    before: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A savepoint that was taken when a job was stopped; `at` is ISO-8601 UTC."""

    path: str
    job_id: str
    build: str
    at: str


@dataclass(slots=True)
class Operation:
    """What is being done: the `step` that is under way, and what it waits for. Ids are chosen before they are used.

    `target` is the build to run, from `start`: a path, `none`, or '' for the state of the current job. `folder` is
    where the savepoint goes, None for the cluster's. `trigger_id` and `taken` are the operation and the path of the
    current job's savepoint; `old_ended` says that this job runs no more. `job_id` is the new job, `restored_id` the old
    build again. `abandoned` are jobs of an operation that was not finished. `failure`, `hint` and `exit_code` tell why
    the new job was given up.
    """

    kind: str
    step: str
    id: str = ""
    target: Build | None = None
    start: str = ""
    drain: bool = False
    allow_non_restored: bool = False
    folder: str | None = None
    jar_id: str = ""
    jar_path: str = ""
    trigger_id: str = ""
    taken: str = ""
    job_id: str = ""
    old_ended: bool = False
    restored_id: str = ""
    waiting: str = ""
    abandoned: list[str] = field(default_factory=list)
    failure: str = ""
    hint: str = ""
    exit_code: int = FlinkError.exit_code

    @property
    def request(self) -> tuple[object, ...]:
        """Return what was asked for, to tell whether another request asks for the same."""
        return (self.kind, self.target, self.start, self.drain, self.allow_non_restored, self.folder)


@dataclass(slots=True)
class Outcome:
    """The result of an operation: what was done, and the job that runs now, '' for none.

    `savepoint` was taken of the job before; `started_from` is what the new job started from. `status` is one of
    deployed, unchanged, stopped, cancelled, rolled back and failed.
    """

    action: str
    status: str
    job_id: str = ""
    savepoint: str = ""
    started_from: str = ""
    build: str = ""
    jar_id: str = ""
    operation_id: str = ""


@dataclass(slots=True)
class Record:
    """A deployment. `stopped` is the savepoint to go on from when no job runs."""

    name: str
    current: Release | None = None
    previous: Release | None = None
    stopped: str = ""
    savepoints: list[Taken] = field(default_factory=list)
    operation: Operation | None = None
    outcome: Outcome | None = None

    @property
    def under_way(self) -> bool:
        """Return whether there is a job, or an operation that has not been finished."""
        return self.current is not None or self.operation is not None

    @property
    def going_on(self) -> Operation:
        """Return the operation that is under way. Raises FlinkError when there is none."""
        if self.operation is None:
            raise FlinkError(f"Nothing is being done with deployment {self.name}.", hint="Begin an operation first.")
        return self.operation

    def end(self, status: str) -> None:
        """End the operation that is under way: its outcome names the job that runs now. Raises FlinkError."""
        operation, current = self.going_on, self.current
        self.outcome = Outcome(
            action=operation.kind,
            status=status,
            job_id=current.job_id if current else "",
            savepoint=operation.taken,
            started_from=current.savepoint if current else "",
            build=str(current.build) if current and current.build else "",
            jar_id=current.jar_id if current else "",
            operation_id=operation.id,
        )
        self.operation = None


class Store:
    """The folder of one deployment: `deployment.json`, and a copy of each jar that may have to run again."""

    def __init__(self, folder: Path, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' is no name of a deployment.", hint="Use letters, digits, dot, dash, underscore."
            )
        self.name = name
        self.folder = folder / name

    @property
    def path(self) -> Path:
        """Return the path of the record."""
        return self.folder / "deployment.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the deployment, so that two processes do not work on it at the same time. Waits for the other one."""
        with file_lock(self.folder / ".lock"):
            yield

    def read(self) -> Record:
        """Return the record, an empty one for a new deployment. Raises FlinkError when it cannot be read."""
        try:
            return from_json(Record, json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Record(self.name)
        except (OSError, ValueError) as error:
            raise FlinkError(
                f"The record of deployment {self.name} cannot be read: {error}.",
                hint=f"Repair {self.path}, or move it away if no job of this deployment runs.",
            ) from None

    def write(self, record: Record) -> None:
        """Write the record; only its owner can read it."""
        write_json(self.path, asdict(record), mode=_PRIVATE)

    def keep(self, jar: Path) -> tuple[str, str]:
        """Copy a jar into the folder, and return its SHA-256 and the path of the copy. Raises UsageError."""
        try:
            digest = hashlib.sha256(jar.read_bytes()).hexdigest()
            copy = self.folder / "jars" / f"{digest[:HASH_DIGITS]}-{jar.name}"
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.exists():
                partial = copy.with_name(f".{copy.name}")
                shutil.copyfile(jar, partial)
                partial.replace(copy)
        except OSError as error:
            raise UsageError(f"{jar} cannot be read or kept: {error.strerror}.", hint="Name a .jar file.") from None
        return digest, str(copy)

    def forget_jars(self, record: Record) -> None:
        """Delete the copies of jars that no release of the record needs any more."""
        releases = [release for release in (record.current, record.previous) if release and release.build]
        needed = {Path(release.build.file).name for release in releases if release.build}
        if record.operation and record.operation.target:
            needed.add(Path(record.operation.target.file).name)
        for copy in (self.folder / "jars").glob("*"):
            if copy.name not in needed:
                copy.unlink(missing_ok=True)


def now() -> str:
    """Return the time as ISO-8601 UTC."""
    return iso_ms(datetime.now(UTC))
