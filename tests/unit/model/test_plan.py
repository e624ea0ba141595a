"""Plans: what is planned, and the round trip through plan.json."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from streamproof.model.plan import RunPlan
from streamproof.model.stack import ProcessIdentity, ServiceState, StackState


@pytest.fixture
def plan() -> RunPlan:
    return RunPlan(
        run_id="r", pack="livepeer", mode="full", stack="local", processor="local", kafka="broker", home="/h",
        folder="/h/r", manifest="/m", fixture_sha256="0" * 64, fixture_events=3,
        window={"from_ts": "2026-01-01T00:00:00.000Z", "to_ts": "2026-01-02T00:00:00.000Z"}, suites=("raw_typed",),
        keep_stack=False, tolerate_bad_lines=False, inject=None, allow_destructive=False, git_commit="c",
        rerun="streamproof run", created_at="2026-01-01T00:00:00.000Z", cache_dir="/c", java=None,
        owner=ProcessIdentity(7, 1.5), notices=("look",),
    )  # fmt: skip


@pytest.mark.parametrize("owner", [None, ProcessIdentity(7, 1.5)])
def test_a_plan_round_trips_through_json(plan, owner):
    plan = replace(plan, owner=owner)
    assert RunPlan.from_json(json.loads(json.dumps(plan.as_json()))) == plan


def test_injection_is_a_stage_between_the_drain_and_the_trace(plan):
    stages = replace(plan, inject="/x.sql").planned_stages
    assert stages[stages.index("inject") - 1 : stages.index("inject") + 2] == ("pipeline_wait", "inject", "query_pack")
    assert "inject" not in plan.planned_stages


def test_what_judges_comes_last(plan):
    assert plan.judging_stages == ("assert_raw_typed", "contracts", "conservation")
    assert plan.planned_stages[-3:] == plan.judging_stages


def test_the_oracle_judges_where_the_pack_has_one(plan):
    assert "oracle" not in plan.planned_stages
    assert replace(plan, oracle=True).judging_stages[-1] == "oracle"
    assert "oracle" not in replace(plan, oracle=True, mode="observe").planned_stages


def test_a_stack_state_round_trips_through_json():
    service = ServiceState("kafka", ProcessIdentity(2, 2.5), {"kafka": 9092}, "logs/kafka.log", "4.3.0")
    state = StackState(
        "r", "ready", ProcessIdentity(1, 1.5), "broker", "127.0.0.1:9092", "127.0.0.1", 1, 2, "default", (service,)
    )
    assert StackState.from_json(json.loads(json.dumps(state.as_json()))) == state
