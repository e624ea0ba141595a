"""What was asked of a run, validated, before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from streamproof.model.stack import ProcessIdentity

# A run of its own judges what it replayed; mode `prove` then breaks clones of it, to prove that every check can fail.
RUN_MODES = ("smoke", "full")
PROVE = "prove"
MODES = (*RUN_MODES, PROVE)
STACKS = ("local",)
KAFKA_KINDS = ("broker", "mock")
PROCESSORS = ("local",)

# The stages of a run in order. `suites` stands for one stage per suite, named assert_<suite>.
BEFORE_SUITES = ("stack_up", "schema_apply", "pipeline_ready", "replay_events", "pipeline_wait", "query_pack")
AFTER_SUITES = ("contracts", "conservation")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A validated request for a run. Paths are absolute text; times ISO-8601 UTC.

    `planned_stages` is what the verdict compares the stages that ran with. `fixture_sha256` is over the manifest file.
    `window` is {from_ts, to_ts}; `owner` is the process that the stack must not outlive; `notices` are
    sentences that the user must see (no checksums, mock broker). `prove_suites` and `prove_checks` narrow what mode
    `prove` proves; empty means all.
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

    @property
    def judging_stages(self) -> tuple[str, ...]:
        """Return the stages that hold checks, in order."""
        proof = (PROVE,) if self.mode == PROVE else ()
        return (*(f"assert_{suite}" for suite in self.suites), *AFTER_SUITES, *proof)

    @property
    def planned_stages(self) -> tuple[str, ...]:
        """Return every stage that must have run before the verdict, in order."""
        before = list(BEFORE_SUITES)
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
                "prove_suites": tuple(values.get("prove_suites", ())),
                "prove_checks": tuple(values.get("prove_checks", ())),
                "owner": ProcessIdentity(**owner) if owner else None,
            }
        )
