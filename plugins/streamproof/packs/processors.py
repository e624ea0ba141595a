"""The processors of a pack, which turn records into rows, and how a run starts them.

Each kind is a model; a new kind is one more member of `Processor`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt, field_validator, model_validator

from streamproof.model.errors import UsageError
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.strict import Strict

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)?)\}")
# The longest time that a processor may take to end. The stack is taken down within a minute.
LONGEST_GRACE_SEC = 45.0
Port = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


Expression = Annotated[str, AfterValidator(_expression)]


class Ready(Strict):
    """How a run sees that the program is ready, beside the assignment of the groups in `accounting.drained`.

    It is exactly one of these: `group`, a consumer group of the run by role, has been assigned the input topic; the
    program listens on TCP port `port`, which `ports` names; it answers GET of path `http` on that port with a status
    below 400; its log has a line that matches the regular expression `log`. `timeout_sec` is in seconds.
    """

    group: str = ""
    port: str = ""
    http: str = ""
    log: Expression = ""
    timeout_sec: float = Field(default=60.0, gt=0)

    @model_validator(mode="after")
    def _is_one(self) -> Ready:
        named = [name for name in ("group", "http", "log") if getattr(self, name)]
        if len(named or ([self.port] if self.port else [])) != 1 or (self.port and named and named != ["http"]):
            raise ValueError("needs exactly one of `group`, `port`, `http` (with `port`) and `log`")
        if self.http and not self.port:
            raise ValueError("needs `port` beside `http`: the name of the port to ask")
        return self


class Stop(Strict):
    """How the program is ended: a signal, and the seconds after which it is killed."""

    signal: Literal["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"] = "SIGTERM"
    grace_sec: float = Field(default=15.0, gt=0, le=LONGEST_GRACE_SEC)


class CommandProcessor(Strict):
    """Any program. It is started once, and never again.

    Its texts may hold placeholders such as `{bootstrap_servers}`, replaced when the stack is up; docs/write-a-pack.md
    lists them. `env` holds environment variables. `secrets` holds further ones, which a container gets from
    docker-compose.yaml. `files` are texts by their path below the folder `{files}`; they are removed with the stack.
    `ports` are names for free ports of this machine (`{port.name}`). `jars` is a lock file of JVM jars below the pack's
    folder (`{jars}` is their class path). `ends`: it ends by itself when it has read everything, with code 0.
    `repeat_arguments` are added to `argv` by the number of the run, from 1, where the pack says `repeat`.

    `status_file` and `state_dir` are the names of two variables: the program writes its state to the file, and its own
    files to the folder, that they contain. They are '' for a program that does not use them.
    """

    kind: Literal["command"]
    argv: tuple[str, ...] = Field(min_length=1)
    env: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    jars: str = ""
    ready: Ready | None = None
    stop: Stop = Field(default_factory=Stop)
    ends: bool = False
    repeat_arguments: dict[PositiveInt, tuple[str, ...]] = Field(default_factory=dict)
    status_file: str = ""
    state_dir: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the command line, and what is added to it in some of the runs."""
        return (*self.argv, *(text for texts in self.repeat_arguments.values() for text in texts))

    @property
    def texts(self) -> tuple[str, ...]:
        """Return all texts that may hold placeholders."""
        return (*self.arguments, *self.env.values(), *self.secrets.values(), *self.files.values())

    @field_validator("files")
    @classmethod
    def _are_below(cls, files: dict[str, str]) -> dict[str, str]:
        for name in files:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise ValueError(f"names `{name}`, which is not a path below the run's folder")
        return files

    @model_validator(mode="after")
    def _knows_its_port(self) -> CommandProcessor:
        if self.ready and self.ready.port and self.ready.port not in self.ports:
            raise ValueError(f"`ready.port` is `{self.ready.port}`, which `ports` does not name")
        return self


class WarehouseProcessor(Strict):
    """No process: the warehouse itself reads the topic, as the pack's schema defines."""

    kind: Literal["warehouse"]


class RunningProcessor(Strict):
    """A pipeline that runs already, with topics and tables of its own that others use, too (stack `external` only).

    `topics` are its topics by role, the role `input` included, and `groups` its consumer groups by role. `database` is
    the one that holds its tables. The pack's `correlation` says how the events of a run are told apart. Its consumers
    must be assigned the topic within `ready_timeout_sec` seconds.
    """

    kind: Literal["running"]
    topics: dict[str, str]
    database: str = Field(min_length=1)
    groups: dict[str, str] = Field(default_factory=dict)
    ready_timeout_sec: float = Field(default=60.0, gt=0)


Processor = Annotated[
    CommandProcessor | WarehouseProcessor | FlinkProcessor | RunningProcessor, Field(discriminator="kind")
]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with every `{placeholder}` replaced by its value. Other braces are not changed.

    Raises UsageError for a placeholder without a value.
    """
    unknown = [name for name in placeholders(text) if name not in values]
    if unknown:
        raise UsageError(
            f"pack.yaml: a processor names {{{unknown[0]}}}, which is not known.",
            hint=f"Placeholders are: {', '.join(sorted(values))}.",
        )
    return fill_known(text, values)


def placeholders(text: str) -> list[str]:
    """Return the names of the placeholders in a text, sorted."""
    return sorted(set(_PLACEHOLDER.findall(text)))


def fill_known(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with every `{placeholder}` that has a value replaced. Everything else is not changed."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
