"""What a stack is asked to be: the content of the supervisor's specification file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from streamproof.model.stack import ProcessIdentity

BROKER = "broker"
MOCK = "mock"

# Purposes of ports, as they are named in `StackSpec.ports` and in the errors about them.
KAFKA_PORT = "kafka"
CONTROLLER_PORT = "kafka_controller"
HTTP_PORT = "clickhouse_http"
TCP_PORT = "clickhouse_tcp"


@dataclass(frozen=True, slots=True)
class ProcessorLaunch:
    """How the stream processor is started: `python -m module`, with `env` beside the basic environment.

    Values of `env` may name what is only known once the services are up: `{bootstrap_servers}`, `{clickhouse_host}`,
    `{clickhouse_port}`, `{clickhouse_tcp_port}`, `{clickhouse_url}`, `{clickhouse_user}`. `status_file` is where the
    processor reports itself; a file of an earlier start is removed.
    """

    module: str
    env: Mapping[str, str]
    status_file: str


@dataclass(frozen=True, slots=True)
class StackSpec:
    """A stack to start. Paths are absolute.

    `folder` gets state.json, logs/<service>.log and data/; `kafka_kind` is `broker` or `mock`; `topics` are created
    with one partition and no expiry; `ports` maps purposes (see the constants) to numbers, 0 or absent: any free one;
    with an `owner` the stack ends when that process does; `expires_after_sec` ends it after so many seconds;
    `java` names another JRE; `home` is the project folder, the one that holds include/.
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
        processor, owner = data["processor"], data["owner"]
        return cls(
            **{
                **data,
                "topics": tuple(data["topics"]),
                "processor": ProcessorLaunch(**processor) if processor else None,
                "owner": ProcessIdentity(**owner) if owner else None,
            }
        )
