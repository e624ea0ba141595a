"""A run of a pack whose pipeline fetches what is served: how it is planned, and what it may not be asked for."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from streamproof.model.errors import StackError, UsageError
from streamproof.runs.context import RunContext
from streamproof.runs.planning import plan_run
from streamproof.runs.processors import processor_launch, processor_problems, processor_secrets
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.stages.registry import STAGES
from streamproof.stages.stack_up import stack_spec
from tests.support.served_pack import MODULE, PACK, write_pack

FAULTS = "faults:\n  busy: {do: {kind: answer, status: 429}}\n"


@pytest.fixture
def served(planned, tmp_path, monkeypatch):
    """The function that plans a run of the pack; `pack` is the text of its pack.yaml."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, MODULE, raising=False)

    def plan(pack: str = PACK, **request) -> RunContext:
        return planned(pack=str(write_pack(tmp_path, pack=pack)), **request)

    yield plan
    sys.modules.pop(MODULE, None)


def test_it_has_no_topic_no_group_and_no_stage_that_waits_for_consumers(served):
    ctx = served()
    assert (ctx.names.topics, ctx.names.groups, ctx.names.input_topic) == ({}, {}, "r1.source")
    assert [stage.name for stage in ctx.plan.stages] == [
        "stack_up",
        "schema_apply",
        "replay_events",
        "pipeline_wait",
        "assert_letters",
        "conservation",
        "oracle",
        "publish_summary",
        "stack_down",
    ]
    assert ctx.plan.rungs == ("judged", "drained", "ids_accounted", "foretold")
    assert (ctx.plan.kafka, ctx.plan.fixture_events) == ("none", 9)


def test_its_stack_has_a_source_and_the_program_starts_later(served):
    ctx = served()
    spec = stack_spec(ctx)
    assert (spec.processor, spec.kafka_kind, spec.topics) == (None, "none", ())
    golden = ctx.pack.fixtures_dir / "golden"
    assert spec.source.files == {name: str(golden / name) for name in ("a.txt", "b.txt")}
    assert not spec.source.ledger.startswith(str(spec.data)), "the ledger stays when the stack is taken down"


def test_a_smoke_run_serves_one_session_of_each_scenario(served):
    assert set(stack_spec(served(mode="smoke")).source.files) == {"a.txt", "b.txt"}


def test_the_program_gets_url_certificate_and_key(served):
    ctx = served()
    launch = processor_launch(ctx)
    assert launch.env["SOURCE_URL"] == "{source_url}"
    assert launch.env["SOURCE_CA"] == str(ctx.folder.stack / "data" / "source" / "certificate.pem")
    assert launch.argv[-1] == "{repetition}"
    assert launch.env["JOB_FILE"] == str(ctx.folder.stack / "source_files" / "jobs" / "all.json")
    ctx.folder.source.mkdir(parents=True)
    (ctx.folder.source / "key").write_text("k1")
    secrets = processor_secrets(ctx)
    assert launch.with_secrets(secrets).env["SOURCE_KEY"] == "k1"
    assert "k1" not in str(launch)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("{repetition}", "{source_key}"), "an argument of a processor names {source_key}"),
        (("{source_url}", "{bootstrap_servers}"), "names {bootstrap_servers}, which is not known"),
        (("{source_url}", "{topic.input}"), "names {topic.input}, which is not known"),
        (("transport: http", "transport: kafka"), "'kafka' carries records that are published"),
        (("transport: http", "transport: post"), "no transport of kind 'post'"),
        (("  drained: {settled_tables: [letters]}\n", ""), "does not say how a run sees that all rows have arrived"),
    ],
)
def test_a_pack_that_does_not_fit_is_refused(served, tmp_path, changed, message):
    with pytest.raises(UsageError) as raised:
        served(pack=PACK.replace(*changed))
    assert message in raised.value.message
    assert not (tmp_path / "runs" / "r1").exists()


def test_repetitions_cannot_be_compared_without_projections(home, tmp_path):
    folder = write_pack(tmp_path)
    (folder / "sql" / "content" / "typed.sql").unlink()
    with pytest.raises(UsageError, match="there is no projection in") as raised:
        plan_again = RunRequest(run_id="r1", artifacts_root=tmp_path / "runs", pack=str(folder))
        plan_run(plan_again, STAGES, home=home, host=HostSettings(cache_dir=tmp_path), now=datetime.now(UTC))
    assert "leave `repeat` out" in raised.value.hint


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"kafka": "mock"}, "--kafka has no meaning"),
        ({"partitions": 4}, "--partitions has no meaning"),
        ({"speed": "60x"}, "--speed has no meaning"),
        ({"shift_to": "now"}, "--shift-to has no meaning"),
        ({"events": 3}, "--events has no meaning"),
        ({"tolerate_bad_lines": True}, "--tolerate-bad-lines has no meaning"),
        ({"faults": "storm"}, "no plan of faults 'storm'"),
    ],
)
def test_what_is_for_published_events_only_is_refused(served, request_, message):
    with pytest.raises(UsageError) as raised:
        served(**request_)
    assert message in raised.value.message
    assert raised.value.hint


def test_on_docker_source_and_program_stay_on_this_machine(served):
    ctx = served(stack="compose")
    spec, launch = stack_spec(ctx), processor_launch(ctx)
    assert spec.compose is not None
    assert spec.source is not None
    assert spec.processor is None
    assert launch is not None
    # A container would get its secrets from docker-compose.yaml.
    assert set(ctx.pack.processor(ctx.plan.processor).secrets) <= set(launch.env)


def test_a_plan_of_faults_is_named_by_the_pack_or_by_its_path(served, tmp_path):
    folder = write_pack(tmp_path)
    ctx = served(faults="busy")
    assert ctx.plan.faults == str(folder / "faults" / "busy.yaml")
    assert ctx.plan.rerun.endswith("--faults busy")
    assert ctx.plan.narrowed_by == ("requests got the faults of busy",)
    other = tmp_path / "other.yaml"
    other.write_text(FAULTS)
    assert stack_spec(served(faults=str(other), run_id="r2")).source.faults == str(other)
    other.write_text("faults: {}\n")
    with pytest.raises(UsageError, match="Fault plan"):
        served(faults=str(other), run_id="r3")


def test_events_that_are_published_meet_no_fault(planned):
    with pytest.raises(UsageError, match="has no `source`"):
        planned(faults="busy")


def test_a_placeholder_of_a_source_is_unknown_to_other_packs(planned):
    pack = planned().pack
    processor = pack.processors["local"].model_copy(update={"env": {"A": "{source_url}", "B": "{source_key}"}})
    assert [problem.split(",")[0] for problem in processor_problems(pack, processor)] == [
        "env names {source_url}",
        "env names {source_key}",
    ]


def test_a_key_that_is_not_there_is_an_error_with_a_hint(served):
    with pytest.raises(StackError, match="key of the source cannot be read") as raised:
        processor_secrets(served())
    assert "stack_up" in raised.value.hint
