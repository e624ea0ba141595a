"""What a run on Docker is asked to start."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streamproof.model.errors import UsageError
from streamproof.model.formats.json_data import from_json
from streamproof.runs.planning import plan_run
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.runtime.stack_spec import StackSpec
from streamproof.stages.registry import STAGES
from streamproof.stages.stack_up import compose_launch, project_name, stack_spec

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_the_spec_names_a_project_of_the_runs_own_and_survives_its_file(planned, home):
    spec = stack_spec(planned(stack="compose"))

    assert spec.compose is not None
    assert spec.compose.project == "sp-r1"
    assert spec.compose.files == (str(home / "docker-compose.yaml"),)
    assert spec.compose.services == ("kafka", "clickhouse", "processor")
    assert not spec.compose.keep_volumes
    assert from_json(StackSpec, spec.as_json()) == spec


def test_a_container_gets_no_path_of_this_machine(planned, tmp_path):
    spec = stack_spec(planned(stack="compose"))
    assert spec.processor is not None
    assert not [value for value in spec.processor.env.values() if str(tmp_path) in value]


def test_a_local_run_has_no_project(planned):
    assert stack_spec(planned()).compose is None


@pytest.mark.parametrize(("run_id", "start"), [("r1", "sp-r1"), ("a_b-c", "sp-a_b-c"), ("A.b", "sp-a-b-")])
def test_project_names_are_what_compose_takes(run_id, start):
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", project_name(run_id))
    assert project_name(run_id).startswith(start)


def test_two_runs_never_share_a_project():
    ids = ["a.b", "a-b", "A-b", "A.B", "a_b"]
    assert len({project_name(run_id) for run_id in ids}) == len(ids)


def test_compose_files_of_the_users_are_taken_in_their_order(home, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("services: {}")
    host = HostSettings(tmp_path / "cache", compose_files=("docker-compose.yaml", str(mine)), docker_host="unix:///x")
    request = RunRequest(run_id="r1", stack="compose", artifacts_root=tmp_path / "runs")

    ctx = plan_run(request, STAGES, home=home, host=host, now=NOW)
    assert ctx.plan.compose_files == (str(home / "docker-compose.yaml"), str(mine))
    assert ctx.plan.docker_host == "unix:///x"


def test_a_compose_file_that_is_not_there_is_a_usage_error(home, tmp_path):
    host = HostSettings(tmp_path / "cache", compose_files=("ghost.yaml",))
    request = RunRequest(run_id="r1", stack="compose", artifacts_root=tmp_path / "runs")
    with pytest.raises(UsageError, match=r"There is no Compose file .*ghost\.yaml"):
        plan_run(request, STAGES, home=home, host=host, now=NOW)
    assert not (tmp_path / "runs").exists()


def test_the_mock_broker_is_not_on_docker(planned):
    with pytest.raises(UsageError, match="Stack compose uses its own brokers"):
        planned(stack="compose", kafka="mock")


def test_a_job_on_flink_takes_the_place_of_the_packs_processor(planned):
    spec = stack_spec(planned(stack="compose", processor="flink"))

    assert spec.compose is not None
    assert spec.compose.services == ("kafka", "clickhouse", "flink-jobmanager", "flink-taskmanager")
    assert spec.compose.replicas == {"flink-taskmanager": 1}
    assert (spec.processor, spec.flink) == (None, None)
    assert from_json(StackSpec, spec.as_json()) == spec


def test_there_are_as_many_task_managers_as_the_job_is_parallel(planned):
    ctx = planned(stack="compose", processor="flink")
    job = ctx.pack.processors["flink"].model_copy(update={"parallelism": 3})
    ctx = replace(ctx, pack=ctx.pack.model_copy(update={"processors": {**ctx.pack.processors, "flink": job}}))
    assert compose_launch(ctx).replicas == {"flink-taskmanager": 3}
