"""The plan of a run: a validated request, made before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from streamproof.model.stack import ProcessIdentity

# These modes replay a fixture set and judge the result. Mode `prove` does so too, and then breaks clones of the run's
# database to prove that every check can fail.
RUN_MODES = ("smoke", "full")
PROVE = "prove"
# The damages of mode `prove`: one for every column, or all that the type of a column allows.
ONE_DAMAGE, EVERY_DAMAGE = "one", "all"
DAMAGES = (ONE_DAMAGE, EVERY_DAMAGE)
# This mode judges a warehouse that other programs fill. It starts no stack, replays nothing and writes nothing.
OBSERVE = "observe"
MODES = (*RUN_MODES, OBSERVE, PROVE)
COMPOSE, EXTERNAL = "compose", "external"
STACKS = ("local", COMPOSE, EXTERNAL)
KAFKA_KINDS = ("broker", "mock")

# Check parameters for a warehouse without a replay: nothing is known of what was published. Checks then compare each
# layer with the one below it.
NOTHING_PROMISED: Mapping[str, object] = {
    "published_by_scenario": {},
    "published_in_window": {},
}

# Suites that run as separate stages.
ORACLE = "oracle"
CONTRACTS, CONSERVATION = "contracts", "conservation"


class Role(StrEnum):
    """When a stage runs: before the checks, as a suite of checks, or at the end, even after a failure."""

    PREPARE = "prepare"
    JUDGE = "judge"
    END = "end"


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stage of a planned run. `waits`: it mostly waits for services. `rungs` are the rungs that it can prove."""

    name: str
    role: Role = Role.PREPARE
    waits: bool = False
    rungs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A validated request for a run. Paths are absolute text; times are ISO-8601 UTC.

    - `stages` are the run's stages in order. The verdict compares them with those that ran.
    - `fixture_sha256` is the hash of the manifest file. Mode `observe` has no manifest (empty texts, no events).
    - `window` is {from_ts, to_ts}.
    - `owner` is a process; the stack ends when it ends.
    - `notices` are sentences that the user must see (no checksums, mock broker).
    - `prove_suites` and `prove_checks` select what mode `prove` proves; empty means all.
    - `coverage` is one of DAMAGES if mode `prove` damages columns, else ''. `mutations`: it applies mutations.
    - `input_topic` is the topic that fills the warehouse of mode `observe`, if it was given.
    - `narrowed_by` are the reasons why a pass of this run would not verify the whole pack.
    - `correlation` is the prefix of the run's events in a pipeline that others use, '' for a pipeline of its own.
    - `shift_ms` is the span by which the times of the events are moved, whole seconds in milliseconds. `shift_to` is
      what was asked for, None if nothing was. `first_events` is the number of events that were asked for, None for all.
    - `speed` is `max`, or how many times faster than they happened the events are published (`60x`).
    - `partitions` is the number of partitions of the input topic, `parallelism` that of a job on Flink, None for the
      pack's own.
    - `faults` is the plan of faults for a pipeline that fetches what is served, '' for none.
    - `service_url` is the base URL of the service itself, from which the pipeline fetches in place of a source of the
      run, '' for a source of the run. `service_ca_file` is a file of authorities that it has to trust, '' for none.
    - `suites_by_name` are the suites that the request names, empty when it leaves the choice to the pack.
    - `compose_files` and `docker_host` belong to stack `compose`.
    - `rungs` are those that the pack offers (see `model.rungs`).
    - `dag_id` and `dag_run_id` are the DAG and its run that make this run, '' for a run of the command line.
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
    correlation: str = ""
    shift_ms: int = 0
    shift_to: str | None = None
    first_events: int | None = None
    speed: str = "max"
    partitions: int = 1
    parallelism: int | None = None
    faults: str = ""
    service_url: str = ""
    service_ca_file: str = ""
    suites_by_name: tuple[str, ...] = ()
    compose_files: tuple[str, ...] = ()
    docker_host: str | None = None
    stages: tuple[PlannedStage, ...] = ()
    rungs: tuple[str, ...] = ()
    dag_id: str = ""
    dag_run_id: str = ""

    @property
    def observes(self) -> bool:
        """Return whether the run only judges an existing warehouse (mode `observe`)."""
        return self.mode == OBSERVE

    @property
    def needs_connections(self) -> bool:
        """Return whether the run uses services that it does not start, so that it needs their connections."""
        return self.observes or self.stack == EXTERNAL

    @property
    def judging_stages(self) -> tuple[str, ...]:
        """Return the stages that hold checks, in order."""
        return self._of_roles(Role.JUDGE)

    @property
    def planned_stages(self) -> tuple[str, ...]:
        """Return every stage that must run before the verdict, in order."""
        return self._of_roles(Role.PREPARE, Role.JUDGE)

    @property
    def ending_stages(self) -> tuple[str, ...]:
        """Return the stages that run at the end even after a failure, in order."""
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
        """Return whether the pack's oracle judges this run."""
        return ORACLE in self.judging_stages

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)
