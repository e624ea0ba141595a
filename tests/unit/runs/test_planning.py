"""What was asked is validated before anything is written; the plan holds all that stages need."""

from __future__ import annotations

import pytest

from streamproof.model.errors import FixtureError, StackError, UsageError
from streamproof.model.formats.json_data import from_json
from streamproof.model.plan import RunPlan
from streamproof.model.settings import Connections, KafkaSettings, WarehouseSettings
from streamproof.runs.planning import plan_run
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.runs.rerun import rerun_command
from streamproof.runs.subject import choosing
from streamproof.stages.registry import STAGES
from streamproof.transport.kafka.mock_cluster import MOCK_MAX_MESSAGES
from tests.unit.conftest import NOW


def test_the_plan_survives_its_file(planned):
    ctx = planned(mode="smoke", keep_stack=True)
    assert from_json(RunPlan, ctx.plan.as_json()) == ctx.plan
    assert type(ctx).open(ctx.folder.root).plan == ctx.plan


def test_defaults_are_the_packs(planned, home):
    plan = planned().plan
    assert plan.manifest == str(home / "include/fixtures/livepeer/golden/manifest.json")
    assert plan.suites == ("raw_typed", "pipeline", "api", "scenarios", "operations")
    assert plan.planned_stages[0] == "stack_up"
    assert plan.planned_stages[-3:] == ("contracts", "conservation", "oracle")
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


def test_the_mock_broker_is_reported_and_refuses_large_sets(planned, monkeypatch):
    assert any("MOCK" in notice for notice in planned(kafka="mock").plan.notices)
    monkeypatch.setattr(choosing, "MOCK_MAX_MESSAGES", 10)
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


def test_an_observation_has_a_window_and_no_stack(planned):
    plan = planned(mode="observe", from_ts="2026-03-01T00:00:00Z", to_ts="2026-03-02T00:00:00Z").plan
    assert plan.planned_stages == (
        "warehouse_check", "query_pack", *(f"assert_{suite}" for suite in plan.suites), "contracts",
    )  # fmt: skip
    assert (plan.stack, plan.kafka, plan.processor, plan.fixture_events) == ("external", "none", "none", 0)
    assert plan.observes
    assert plan.needs_connections
    assert plan.rerun == "streamproof run --mode observe --from-ts 2026-03-01T00:00:00Z --to-ts 2026-03-02T00:00:00Z"
    assert from_json(RunPlan, plan.as_json()) == plan


def test_an_observation_never_guesses_its_window(planned):
    with pytest.raises(UsageError, match="needs a window"):
        planned(mode="observe")


@pytest.mark.parametrize(
    "request_",
    [
        {"manifest": "golden"},
        {"keep_stack": True},
        {"kafka": "mock"},
        {"tolerate_bad_lines": True},
        {"speed": "60x"},
        {"shift_to": "now"},
        {"events": 5},
    ],
)
def test_an_observation_refuses_what_only_a_replay_has(planned, request_):
    with pytest.raises(UsageError, match="has no meaning there"):
        planned(mode="observe", from_ts="2026-03-01T00:00:00Z", to_ts="2026-03-02T00:00:00Z", **request_)


def test_the_external_stack_takes_only_what_fits_it(planned):
    plan = planned(stack="external").plan
    assert plan.needs_connections
    assert plan.planned_stages[0] == "stack_up"
    with pytest.raises(UsageError, match="uses its own brokers"):
        planned(stack="external", kafka="mock", run_id="r2")
    with pytest.raises(UsageError, match="processor 'external'") as refused:
        planned(stack="external", processor="external", run_id="r3")
    assert "already runs cannot be judged" in refused.value.hint
    with pytest.raises(UsageError, match="into its own topic"):
        planned(input_topic="events", run_id="r4")


def test_without_connections_an_outside_run_says_where_they_come_from(planned):
    ctx = planned(mode="observe", from_ts="2026-03-01T00:00:00Z", to_ts="2026-03-02T00:00:00Z")
    with pytest.raises(StackError, match="none are named"):
        ctx.database_settings()


def test_secrets_are_masked_in_what_an_external_run_reports(planned):
    ctx = planned(stack="external")
    kafka = KafkaSettings("b:1", {"sasl.password": "hush-hush", "sasl.username": "me", "ssl.key.password": "hush"})
    connections = Connections(WarehouseSettings("h", 1, password="s3cret"), source="a test", kafka=kafka)
    told = ctx.connected(lambda: connections).without_secrets("me: s3cret, hush-hush and hush")
    assert told == "me: ***, *** and ***"
    assert "s3cret" not in repr(connections)
    assert "hush" not in repr(connections)


def test_a_part_of_the_set_and_its_time_are_in_the_plan(planned):
    plan = planned(events=100, shift_to="2026-06-01T00:30:00Z", speed="60x").plan
    assert (plan.fixture_events, plan.first_events, plan.shift_to, plan.speed) == (
        100,
        100,
        "2026-06-01T00:30:00Z",
        "60x",
    )
    # The span is not one of whole hours, so the window is rounded outwards.
    assert (plan.window["from_ts"], plan.window["to_ts"]) == ("2026-05-30T16:00:00.000Z", "2026-06-01T06:00:00.000Z")
    assert plan.narrowed_by == ("only the first 100 events were replayed",)
    assert [notice for notice in plan.notices if "times" in notice] == [
        "All times are moved by 92 days, 2:14:56 on.",
        "At 60 times the original speed the replay takes 0:31:05.",
    ]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"speed": "fast"}, "--speed fast is no speed"),
        ({"shift_to": "soon"}, "--shift-to: 'soon' is not an ISO-8601 time"),
        ({"shift_to": "1971-01-01T00:00:00Z", "from_ts": "2026-01-01"}, "two ends"),
        (
            {"shift_to": "2149-06-07T00:00:00Z"},
            "beyond what a warehouse's dates hold|would leave the years 1970 to 2149",
        ),
    ],
)
def test_a_replay_that_cannot_be_is_refused_before_anything_is_written(planned, tmp_path, request_, message):
    with pytest.raises((UsageError, FixtureError), match=message):
        planned(**request_)
    assert not (tmp_path / "runs").exists()


def test_a_replay_that_outlasts_its_task_is_refused_there(home, tmp_path):
    request = RunRequest(speed="1x", artifacts_root=tmp_path / "runs")
    host = HostSettings(cache_dir=tmp_path, longest_replay_sec=5400.0)
    with pytest.raises(UsageError, match=r"At --speed 1x the replay takes [\d,]+ s; here it may take 5,400 s"):
        plan_run(request, STAGES, home=home, host=host, now=NOW)
    assert not (tmp_path / "runs").exists()
