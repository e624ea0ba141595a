"""What was asked is validated before anything is written; the plan holds all that stages need."""

from __future__ import annotations

import pytest

from streamproof.model.errors import UsageError
from streamproof.model.plan import RunPlan
from streamproof.services.kafka_mock import MOCK_MAX_MESSAGES
from streamproof.stages import planning
from streamproof.stages.planning import RunRequest, rerun_command


def test_the_plan_survives_its_file(planned):
    ctx = planned(mode="smoke", keep_stack=True)
    assert RunPlan.from_json(ctx.plan.as_json()) == ctx.plan
    assert type(ctx).open(ctx.folder.root).plan == ctx.plan


def test_defaults_are_the_packs(planned, home):
    plan = planned().plan
    assert plan.manifest == str(home / "include/fixtures/livepeer/golden/manifest.json")
    assert plan.suites == ("raw_typed",)
    assert plan.planned_stages[0] == "stack_up"
    assert plan.planned_stages[-2:] == ("contracts", "conservation")
    assert plan.window["from_ts"] < plan.window["to_ts"]


def test_a_window_of_the_users_replaces_the_manifests(planned):
    plan = planned(from_ts="2026-01-01T00:00:00Z", to_ts="2026-01-02T00:00:00+01:00").plan
    assert plan.window == {"from_ts": "2026-01-01T00:00:00.000Z", "to_ts": "2026-01-01T23:00:00.000Z"}


def test_inject_is_a_stage_of_its_own_after_the_drain(planned, tmp_path):
    script = tmp_path / "x.sql"
    script.write_text("SELECT 1")
    stages = planned(inject=str(script)).plan.planned_stages
    assert stages.index("inject") == stages.index("pipeline_wait") + 1


def test_without_a_run_id_one_is_made_of_the_time(planned):
    assert planned(run_id=None).plan.run_id.startswith("20261122T030000Z-")


def test_a_run_is_never_written_over(planned):
    planned()
    with pytest.raises(UsageError, match="already there"):
        planned()


def test_the_mock_broker_is_told_and_refuses_large_sets(planned, monkeypatch):
    assert any("MOCK" in notice for notice in planned(kafka="mock").plan.notices)
    monkeypatch.setattr(planning, "MOCK_MAX_MESSAGES", 10)
    with pytest.raises(UsageError, match="mock broker keeps 10 messages"):
        planned(kafka="mock", run_id="r2")
    assert MOCK_MAX_MESSAGES == 100_000


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        (RunRequest(), "streamproof run"),
        (RunRequest(mode="smoke", manifest="my set.json"), "streamproof run --mode smoke --manifest 'my set.json'"),
        (
            RunRequest(suites=("a", "b"), tolerate_bad_lines=True),
            "streamproof run --suites a --suites b --tolerate-bad-lines",
        ),
    ],
)
def test_the_rerun_command_asks_for_the_same(request_, command):
    assert rerun_command(request_) == command
