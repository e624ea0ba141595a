"""The specification of a stack: the content of the file that its supervisor reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from streamproof.model.stack import ProcessIdentity
from streamproof.packs.processors import fill_known

BROKER = "broker"
MOCK = "mock"
NO_KAFKA = "none"

# The strategies for data of an earlier stack with the same name.
PRESERVE, RESET, BACKUP_RESET = "preserve", "reset", "backup-reset"
STATE_STRATEGIES = (PRESERVE, RESET, BACKUP_RESET)

# The service that uses the others. It starts last and stops first.
PROCESSOR = "processor"
# The service that serves a fixture set to a pipeline that fetches it.
SOURCE = "source"
# The services of docker-compose.yaml that are a Flink cluster.
JOB_MANAGER, TASK_MANAGER = FLINK_SERVICES = ("flink-jobmanager", "flink-taskmanager")

# Kinds of warehouses.
CLICKHOUSE, POSTGRES = "clickhouse", "postgres"

# Purposes of ports, as they are named in `StackSpec.ports` and in the errors about them.
KAFKA_PORT = "kafka"
CONTROLLER_PORT = "kafka_controller"
HTTP_PORT = "clickhouse_http"
TCP_PORT = "clickhouse_tcp"
POSTGRES_PORT = "postgres"
FLINK_REST_PORT = "flink_rest"
FLINK_RPC_PORT = "flink_rpc"
FLINK_ZOOKEEPER_PORT = "flink_zookeeper"
# The user of a ClickHouse that a stack starts.
USER = "streamproof"


@dataclass(frozen=True, slots=True)
class ProcessorLaunch:
    """How to start the stream processor: the command line, and variables in addition to the basic environment.

    The texts may hold placeholders (`environment.PLACEHOLDERS`). The processor writes its state to `status_file`, ''
    for none; the file of an earlier start is removed. `python_path` are folders that a Python program can import from,
    divided as in PYTHONPATH. `files` are texts by absolute path, written before the start. `ports` are names for free
    ports. `jars_lock` is a lock file of jars to fetch, '' for none. It is stopped by `stop_signal` and killed after
    `stop_grace_sec` seconds. `ends`: it ends by itself, and code 0 is success.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    status_file: str = ""
    python_path: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    jars_lock: str = ""
    stop_signal: str = "SIGTERM"
    stop_grace_sec: float = 15.0
    ends: bool = False

    def with_secrets(self, values: Mapping[str, str]) -> ProcessorLaunch:
        """Return the same launch with placeholders replaced by secret values. It is never written."""
        env, files = (
            {name: fill_known(text, values) for name, text in texts.items()} for texts in (self.env, self.files)
        )
        return replace(self, env=env, files=files)

    @property
    def title(self) -> str:
        """Return the name of the processor: the module of a Python program, else the program."""
        if "-m" in self.argv[:-1]:
            return self.argv[self.argv.index("-m") + 1]
        return Path(self.argv[0]).name


@dataclass(frozen=True, slots=True)
class FlinkSpec:
    """A Flink cluster of a local stack: a job manager, and task managers with one slot each.

    `task_managers` is thus the highest parallelism of all jobs together. `checkpoints` and `savepoints` are absolute
    folders; '' stands for one in the stack's data, which is removed with the stack. With a folder `high_availability`,
    ZooKeeper and the metadata of jobs and checkpoints in that folder let a new job manager go on with the jobs of one
    that was killed. A process that ends is the end of the stack, but with `restarts` it is started again, at most five
    times. `task_heap_mb` is the heap of a task manager for tasks and state. `options` are entries of Flink's
    configuration that are added to the template's.
    """

    task_managers: int = 1
    checkpoint_interval_ms: int = 5_000
    checkpoints: str = ""
    savepoints: str = ""
    high_availability: str = ""
    restarts: bool = False
    task_heap_mb: int = 512
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComposeLaunch:
    """How to start a stack on Docker. Other Compose projects are never changed.

    `project` is the Compose project. `files` are its Compose files in order (absolute; the folder of the first one is
    the project folder). `services` are the services to start, the processor last. `docker_host` is the engine's
    address; None means the one in the environment, else the default socket. `strategy` decides about volumes of an
    earlier stack of this project: `preserve`, `reset` or `backup-reset` (into `backups`). Volumes are removed with the
    stack unless `keep_volumes` is set. `replicas` is the number of containers of a service that has more than one.
    """

    project: str
    files: tuple[str, ...]
    services: tuple[str, ...]
    docker_host: str | None = None
    strategy: str = PRESERVE
    backups: str = ""
    keep_volumes: bool = False
    replicas: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutsideLaunch:
    """The services that a stack uses but does not start: their addresses and versions, without secrets.

    `bootstrap_from_clickhouse` is the brokers' address as ClickHouse reaches them. `versions` are by service name.
    `source_url` is the service that the pipeline fetches from, '' where the stack has a source of its own or none.
    """

    bootstrap_servers: str
    bootstrap_from_clickhouse: str
    warehouse_host: str
    warehouse_port: int
    warehouse_user: str
    warehouse_secure: bool
    versions: Mapping[str, str]
    source_url: str = ""


@dataclass(frozen=True, slots=True)
class SourceLaunch:
    """What the source of a stack serves. Paths are absolute text.

    `files` are the files of the fixture set by their name in the manifest. `ledger` is the file for the requests,
    `faults` a plan of faults, '' for none. `python_path` are further folders, as in PYTHONPATH, that it imports from.
    """

    pack_file: str
    files: Mapping[str, str]
    ledger: str
    faults: str = ""
    python_path: str = ""


@dataclass(frozen=True, slots=True)
class StackSpec:
    """A stack to start. Paths are absolute.

    - `partitions` are the numbers of partitions of topics that have more than one.
    - The stack writes state.json, logs/<service>.log and data/ to `folder`.
    - `home` is the project folder, which holds include/. `java` names another JRE.
    - `kafka_kind` is `broker`, `mock` or `none`, for a stack without Kafka.
    - `topics` are created with one partition and no expiry.
    - `ports` maps purposes (see the constants) to numbers; 0 or absent means any free port.
    - The stack ends when process `owner` ends, or after `expires_after_sec` seconds, if these are given.
    - With `compose`, the services are containers instead of processes.
    - With `outside`, only the processor is started.
    - `warehouse` is the kind of warehouse that a local stack starts.
    - With `flink`, processes of a Flink cluster are started beside Kafka and ClickHouse.
    - With `source`, a fixture set is served.
    """

    name: str
    folder: str
    cache_dir: str
    home: str
    kafka_kind: str = BROKER
    topics: tuple[str, ...] = ()
    partitions: Mapping[str, int] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    processor: ProcessorLaunch | None = None
    owner: ProcessIdentity | None = None
    expires_after_sec: float | None = None
    java: str | None = None
    compose: ComposeLaunch | None = None
    outside: OutsideLaunch | None = None
    flink: FlinkSpec | None = None
    source: SourceLaunch | None = None
    warehouse: str = CLICKHOUSE

    @property
    def source_folder(self) -> Path:
        """Return the folder with the certificate and the key of the source. It is removed with the stack."""
        return self.data / SOURCE

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
        """Return the folder of data that is removed when the stack ends."""
        return self.root / "data"

    def with_secrets(self, values: Mapping[str, str]) -> StackSpec:
        """Return the same stack with placeholders of the processor replaced by secret values. It is never written."""
        if self.processor is None:
            return self
        return replace(self, processor=self.processor.with_secrets(values))

    def log(self, service: str) -> Path:
        """Return the log of a service."""
        return self.root / "logs" / f"{service}.log"

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)
