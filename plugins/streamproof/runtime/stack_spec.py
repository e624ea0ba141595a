"""What a stack is asked to be: the content of the supervisor's specification file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from streamproof.model.stack import ProcessIdentity

BROKER = "broker"
MOCK = "mock"

# What becomes of data that an earlier stack of the same name left behind.
PRESERVE, RESET, BACKUP_RESET = "preserve", "reset", "backup-reset"
STATE_STRATEGIES = (PRESERVE, RESET, BACKUP_RESET)

# The service that the others are started for; it starts last and stops first.
PROCESSOR = "processor"

# Purposes of ports, as they are named in `StackSpec.ports` and in the errors about them.
KAFKA_PORT = "kafka"
CONTROLLER_PORT = "kafka_controller"
HTTP_PORT = "clickhouse_http"
TCP_PORT = "clickhouse_tcp"
# The user of a ClickHouse that a stack starts.
USER = "streamproof"


@dataclass(frozen=True, slots=True)
class ProcessorLaunch:
    """How the stream processor is started: the command line, with `env` beside the basic environment.

    Texts may name what is only known once the services are up (`environment.PLACEHOLDERS`). `status_file` is where the
    processor reports its state, '' for one that does not; a file of an earlier start is removed.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    status_file: str = ""

    @property
    def title(self) -> str:
        """Return what the processor is called: the module of a Python program, else the program."""
        if "-m" in self.argv[:-1]:
            return self.argv[self.argv.index("-m") + 1]
        return Path(self.argv[0]).name

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ProcessorLaunch:
        """Read back what `asdict` wrote."""
        return cls(tuple(data["argv"]), data["env"], data["status_file"])


@dataclass(frozen=True, slots=True)
class ComposeLaunch:
    """How a stack on Docker is started; nothing of another project is ever touched.

    `project` is the Compose project; `files` are Compose files in their order (absolute; the first one's folder is the
    project folder); `services` are those to start, the processor among them last; `docker_host` is the engine's address
    (None: what the environment says, then the default socket). `strategy` is what becomes of volumes that an earlier
    stack of this project left: `preserve`, `reset` or `backup-reset` (into `backups`); volumes outlive the stack only
    with `keep_volumes`.
    """

    project: str
    files: tuple[str, ...]
    services: tuple[str, ...]
    docker_host: str | None = None
    strategy: str = PRESERVE
    backups: str = ""
    keep_volumes: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ComposeLaunch:
        """Read back what `asdict` wrote."""
        return cls(**{**data, "files": tuple(data["files"]), "services": tuple(data["services"])})


@dataclass(frozen=True, slots=True)
class OutsideLaunch:
    """The services that a stack uses and does not start: where they are and what they are, without any secret.

    `bootstrap_from_clickhouse` is where ClickHouse finds the brokers; `versions` are by service name.
    """

    bootstrap_servers: str
    bootstrap_from_clickhouse: str
    clickhouse_host: str
    clickhouse_port: int
    clickhouse_user: str
    clickhouse_secure: bool
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StackSpec:
    """A stack to start. Paths are absolute.

    `folder` gets state.json, logs/<service>.log and data/; `kafka_kind` is `broker` or `mock`; `topics` are created
    with one partition and no expiry; `ports` maps purposes (see the constants) to numbers, 0 or absent: any free one;
    with an `owner` the stack ends when that process does; `expires_after_sec` ends it after so many seconds;
    `java` names another JRE; `home` is the project folder, the one that holds include/. With `compose` the services are
    containers instead of processes; with `outside` the processor is the only service that is started.
    """

    name: str
    folder: str
    cache_dir: str
    home: str
    kafka_kind: str = BROKER
    topics: tuple[str, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    processor: ProcessorLaunch | None = None
    owner: ProcessIdentity | None = None
    expires_after_sec: float | None = None
    java: str | None = None
    compose: ComposeLaunch | None = None
    outside: OutsideLaunch | None = None

    @property
    def root(self) -> Path:
        """Return the stack's folder."""
        return Path(self.folder)

    @property
    def state_file(self) -> Path:
        """Return the state file."""
        return self.root / "state.json"

    @property
    def data(self) -> Path:
        """Return the folder of what is removed when the stack ends."""
        return self.root / "data"

    def log(self, service: str) -> Path:
        """Return the log of a service."""
        return self.root / "logs" / f"{service}.log"

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StackSpec:
        """Read back what `as_json` wrote."""
        processor, owner, compose, outside = (data[key] for key in ("processor", "owner", "compose", "outside"))
        return cls(
            **{
                **data,
                "topics": tuple(data["topics"]),
                "processor": ProcessorLaunch.from_json(processor) if processor else None,
                "owner": ProcessIdentity(**owner) if owner else None,
                "compose": ComposeLaunch.from_json(compose) if compose else None,
                "outside": OutsideLaunch(**outside) if outside else None,
            }
        )
