"""The processor kind `flink`: a job on an Apache Flink cluster, submitted through its REST interface."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from streamproof.packs.strict import Strict


class FlinkProcessor(Strict):
    """A job on Flink: a jar, or a program in Python.

    `jar` is a path below the pack's folder, or a Maven coordinate `group:artifact:version`; `entry_class` is its main
    class, '' for the one that its manifest names. `python` is instead the module of a PyFlink program that can be
    imported from the pack's Python folder. `arguments` may hold placeholders such as `{bootstrap_servers}`. Every user
    of the cluster can read them, so they hold no secrets: those are settings of the cluster itself.

    `configuration` holds options of Flink for this job. `parallelism` is also the number of task managers of a stack
    that a run starts. A checkpoint is made every `checkpoint_interval_ms` milliseconds; the offsets of a record are
    committed with it. All tasks must run within `ready_timeout_sec` seconds.

    `group` is the role of the consumer group by which the job reads the input topic. `row_topics` are the topics, by
    role, by which its rows reach the warehouse, each with the role of the warehouse's consumer group.
    """

    kind: Literal["flink"]
    jar: str = ""
    entry_class: str = ""
    python: str = Field(default="", pattern=r"^([A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?$")
    arguments: tuple[str, ...] = ()
    configuration: dict[str, str] = Field(default_factory=dict)
    parallelism: int = Field(default=1, ge=1, le=64)
    checkpoint_interval_ms: int = Field(default=1000, ge=100)
    ready_timeout_sec: float = Field(default=120.0, gt=0)
    group: str = ""
    row_topics: dict[str, str] = Field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return all texts that may hold placeholders."""
        return (*self.arguments, *self.configuration.values())

    @model_validator(mode="after")
    def _is_one_program(self) -> FlinkProcessor:
        if bool(self.jar) == bool(self.python):
            raise ValueError("needs either `jar` or `python`")
        if self.python and self.entry_class:
            raise ValueError("has `entry_class`, which only a `jar` has")
        return self
