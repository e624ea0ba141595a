"""What was asked of a run, validated, before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
PROCESSORS = ("local",)

# Of a warehouse that others fill nobody has promised anything: what has to exist there is asked of the layer below.
NOTHING_PROMISED: Mapping[str, object] = {"published_by_scenario": {}, "published_in_window": {}}

# The stages of a run in order. `suites` stands for one stage per suite, named assert_<suite>.
BEFORE_SUITES = ("stack_up", "schema_apply", "pipeline_ready", "replay_events", "pipeline_wait", "query_pack")
# The last is there when the pack has an oracle.
ORACLE = "oracle"
CONTRACTS, CONSERVATION = "contracts", "conservation"
AFTER_SUITES = (CONTRACTS, CONSERVATION, ORACLE)

# Of an observation: what is accounted for record by record needs a replay.
BEFORE_OBSERVED_SUITES = ("warehouse_check", "query_pack")
AFTER_OBSERVED_SUITES = (CONTRACTS,)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A validated request for a run. Paths are absolute text; times ISO-8601 UTC.

    `planned_stages` is what the verdict compares the stages that ran with. `fixture_sha256` is over the manifest file.
    `window` is {from_ts, to_ts}; `owner` is the process that the stack must not outlive; `notices` are
    sentences that the user must see (no checksums, mock broker). `prove_suites` and `prove_checks` narrow what mode
    `prove` proves; empty means all. `coverage` is one of DAMAGES where it damages columns ('' where it does not), and
    `mutations` tells whether it applies the mutations of checks. Mode `observe` has no manifest (empty texts, no
    events); `input_topic` is the topic that its warehouse is fed from, where it was named. `oracle` tells whether the
    pack has one.
    `compose_files` and `docker_host` are those of stack `compose`.
    """

    run_id: str
    pack: str
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
    allow_destructive: bool
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
    oracle: bool = False
    compose_files: tuple[str, ...] = ()
    docker_host: str | None = None

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
        proof = (PROVE,) if self.mode == PROVE else ()
        after = AFTER_OBSERVED_SUITES if self.observes else [s for s in AFTER_SUITES if s != ORACLE or self.oracle]
        return (*(f"assert_{suite}" for suite in self.suites), *after, *proof)

    @property
    def planned_stages(self) -> tuple[str, ...]:
        """Return every stage that must have run before the verdict, in order."""
        before = list(BEFORE_OBSERVED_SUITES if self.observes else BEFORE_SUITES)
        if self.inject:
            before.insert(before.index("query_pack"), "inject")
        return (*before, *self.judging_stages)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunPlan:
        """Read back what `as_json` wrote."""
        values = dict(data)
        owner = values["owner"]
        return cls(
            **{
                **values,
                "suites": tuple(values["suites"]),
                "notices": tuple(values["notices"]),
                "compose_files": tuple(values.get("compose_files", ())),
                "prove_suites": tuple(values.get("prove_suites", ())),
                "prove_checks": tuple(values.get("prove_checks", ())),
                "owner": ProcessIdentity(**owner) if owner else None,
            }
        )
