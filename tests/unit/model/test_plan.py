"""Plans: what is planned, and the round trip through plan.json."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from streamproof.model.formats.json_data import from_json
from streamproof.model.plan import PlannedStage, Role, RunPlan
from streamproof.model.stack import ProcessIdentity, ServiceState, StackState


@pytest.fixture
def plan() -> RunPlan:
    return RunPlan(
        run_id="r", pack="livepeer", pack_file="/h/pack.yaml",
        mode="full", stack="local", processor="local", kafka="broker", home="/h",
        folder="/h/r", manifest="/m", fixture_sha256="0" * 64, fixture_events=3,
        window={"from_ts": "2026-01-01T00:00:00.000Z", "to_ts": "2026-01-02T00:00:00.000Z"}, suites=("raw_typed",),
        keep_stack=False, tolerate_bad_lines=False, inject=None, git_commit="c",
        rerun="streamproof run", created_at="2026-01-01T00:00:00.000Z", cache_dir="/c", java=None,
        owner=ProcessIdentity(7, 1.5), notices=("look",),
        stages=(
            PlannedStage("stack_up", waits=True), PlannedStage("contracts", Role.JUDGE),
            PlannedStage("stack_down", Role.END),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("owner", [None, ProcessIdentity(7, 1.5)])
def test_a_plan_round_trips_through_json(plan, owner):
    plan = replace(plan, owner=owner)
    assert from_json(RunPlan, json.loads(json.dumps(plan.as_json()))) == plan


def test_the_stages_of_a_plan_are_grouped_by_their_role(plan):
    assert plan.planned_stages == ("stack_up", "contracts")
    assert plan.judging_stages == ("contracts",)
    assert plan.ending_stages == ("stack_down",)
    assert plan.waiting_stages == {"stack_up"}
    assert not plan.oracle


def test_a_stack_state_round_trips_through_json():
    service = ServiceState("kafka", ProcessIdentity(2, 2.5), {"kafka": 9092}, "logs/kafka.log", "4.3.0")
    state = StackState(
        "r", "ready", ProcessIdentity(1, 1.5), "broker", "127.0.0.1:9092", "127.0.0.1", 1, 2, "default", (service,)
    )
    assert from_json(StackState, json.loads(json.dumps(state.as_json()))) == state
