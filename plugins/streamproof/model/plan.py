"""What was asked of a run, validated, before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from streamproof.model.stack import ProcessIdentity

# A run of its own judges what it replayed; mode `prove` then breaks clones of it, to prove that every check can fail.
RUN_MODES = ("smoke", "full")
PROVE = "prove"
# What mode `prove` damages: one value of every column, or every column in every way that its type allows.
ONE_DAMAGE, EVERY_DAMAGE = "one", "all"
DAMAGES = (ONE_DAMAGE, EVERY_DAMAGE)
# Looks at a warehouse that others fill: no stack, no replay, nothing written.
OBSERVE = "observe"
MODES = (*RUN_MODES, OBSERVE, PROVE)
COMPOSE, EXTERNAL = "compose", "external"
STACKS = ("local", COMPOSE, EXTERNAL)
KAFKA_KINDS = ("broker", "mock")

# Of a warehouse that others fill nobody has promised anything: what has to exist there is asked of the layer below.
NOTHING_PROMISED: Mapping[str, object] = {"published_by_scenario": {}, "published_in_window": {}}

# Suites of checks that are stages of their own.
ORACLE = "oracle"
CONTRACTS, CONSERVATION = "contracts", "conservation"


class Role(StrEnum):
    """When a stage runs: before the checks, as a check, or at the end of the run whatever happened before."""

    PREPARE = "prepare"
    JUDGE = "judge"
    END = "end"


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stage of a planned run. `waits` tells that it mostly waits for services."""

    name: str
    role: Role = Role.PREPARE
    waits: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PlannedStage:
        """Read back what `asdict` wrote."""
        return cls(data["name"], Role(data["role"]), data["waits"])


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A validated request for a run. Paths are absolute text; times ISO-8601 UTC.

    `stages` are those of the run in order; the verdict compares them with what ran. `fixture_sha256` is over
    the manifest file.
    `window` is {from_ts, to_ts}; `owner` is the process that the stack must not outlive; `notices` are
    sentences that the user must see (no checksums, mock broker). `prove_suites` and `prove_checks` narrow what mode
    `prove` proves; empty means all. `coverage` is one of DAMAGES where it damages columns ('' where it does not), and
    `mutations` tells whether it applies the mutations of checks. Mode `observe` has no manifest (empty texts, no
    events); `input_topic` is the topic that its warehouse is fed from, where it was named.
    `narrowed_by` are the reasons why a pass of this run would not verify the pack.
    `compose_files` and `docker_host` are those of stack `compose`.
    """

    run_id: str
    pack: str
    pack_file: str
    mode: str
    stack: str
    processor: str
    kafka: str
    home: str
    folder: str
    manifest: str
    fixture_sha256: str
    fixture_events: int
    window: Mapping[str, str]
    suites: tuple[str, ...]
    keep_stack: bool
    tolerate_bad_lines: bool
    inject: str | None
    git_commit: str
    rerun: str
    created_at: str
    cache_dir: str
    java: str | None
    owner: ProcessIdentity | None
    notices: tuple[str, ...] = ()
    prove_suites: tuple[str, ...] = ()
    prove_checks: tuple[str, ...] = ()
    coverage: str = ""
    mutations: bool = True
    input_topic: str | None = None
    narrowed_by: tuple[str, ...] = ()
    compose_files: tuple[str, ...] = ()
    docker_host: str | None = None
    stages: tuple[PlannedStage, ...] = ()

    @property
    def observes(self) -> bool:
        """Tell whether the run only looks at a warehouse."""
        return self.mode == OBSERVE

    @property
    def needs_connections(self) -> bool:
        """Tell whether the run works on services that it does not start: a face has to say where they are."""
        return self.observes or self.stack == EXTERNAL

    @property
    def judging_stages(self) -> tuple[str, ...]:
        """Return the stages that hold checks, in order."""
        return self._of_roles(Role.JUDGE)

    @property
    def planned_stages(self) -> tuple[str, ...]:
        """Return every stage that must have run before the verdict, in order."""
        return self._of_roles(Role.PREPARE, Role.JUDGE)

    @property
    def ending_stages(self) -> tuple[str, ...]:
        """Return the stages that come after the verdict's, whatever happened, in order."""
        return self._of_roles(Role.END)

    def _of_roles(self, *roles: Role) -> tuple[str, ...]:
        return tuple(stage.name for stage in self.stages if stage.role in roles)

    @property
    def sql_suites(self) -> tuple[str, ...]:
        """Return the suites of SQL checks that the run judges, in order."""
        return (*self.suites, *(stage for stage in self.judging_stages if stage == CONSERVATION))

    @property
    def waiting_stages(self) -> frozenset[str]:
        """Return the stages that mostly wait for services."""
        return frozenset(stage.name for stage in self.stages if stage.waits)

    @property
    def oracle(self) -> bool:
        """Tell whether the pack's oracle judges this run."""
        return ORACLE in self.judging_stages

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunPlan:
        """Read back what `as_json` wrote; what an older version wrote besides is left out."""
        values = {name: value for name, value in data.items() if name in cls.__dataclass_fields__}
        owner = values["owner"]
        return cls(
            **{
                **values,
                "suites": tuple(values["suites"]),
                "notices": tuple(values["notices"]),
                "compose_files": tuple(values.get("compose_files", ())),
                "prove_suites": tuple(values.get("prove_suites", ())),
                "prove_checks": tuple(values.get("prove_checks", ())),
                "narrowed_by": tuple(values.get("narrowed_by", ())),
                "owner": ProcessIdentity(**owner) if owner else None,
                "stages": tuple(PlannedStage.from_json(stage) for stage in values["stages"]),
            }
        )
