"""`streamproof stack up|status` and the stack of `run`: what is asked for, and what is shown."""

from __future__ import annotations

import pytest

from streamproof.model.errors import StackError
from streamproof.model.stack import StackState
from streamproof.runtime.files import write_json
from streamproof.runtime.flink_home import flink_home
from streamproof.runtime.process import own_identity
from streamproof.runtime.stack_spec import FlinkSpec, StackSpec
from streamproof.stages import stack_up


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[StackSpec]:
    """The stacks that were asked for; none is started."""
    specs: list[StackSpec] = []

    def refuse(_ctx, spec: StackSpec, **_options) -> StackState:
        specs.append(spec)
        raise StackError("Not today.", hint="")

    monkeypatch.setattr(stack_up, "start_own", refuse)
    return specs


def test_a_stack_has_flink_only_when_asked_for(call, asked):
    assert call("stack", "up").code == 3
    assert call("stack", "up", "--flink", "2", "--flink-port", "8081").code == 3

    assert [spec.flink for spec in asked] == [None, FlinkSpec(task_managers=2)]
    assert asked[1].ports["flink_rest"] == 8081


def test_status_shows_the_address_of_flink(call, project):
    state = StackState("dev", "ready", own_identity(), "broker", "k:1", "h", 2, 3, "u", flink_rest="http://127.0.0.1:4")
    write_json(project / "artifacts/stacks/dev/stack/state.json", state.as_json())

    assert "Flink http://127.0.0.1:4" in call("stack", "status").out
    assert call("stack", "status", "--json").document["stacks"][0]["flink"] == "http://127.0.0.1:4"


def test_status_names_only_the_services_that_a_stack_has(call, project):
    state = StackState(
        "dev", "ready", own_identity(), "none", "", "", 0, 0, "", postgres_host="127.0.0.1", postgres_port=5433
    )
    write_json(project / "artifacts/stacks/dev/stack/state.json", state.as_json())

    shown = call("stack", "status").out
    assert "postgresql://127.0.0.1:5433" in shown
    assert "ClickHouse" not in shown and "Kafka" not in shown and "None" not in shown


def test_a_run_says_that_it_will_install_flink_only_where_it_is_missing(call, project, home, tmp_path, monkeypatch):
    (project / "requirements-flink.txt").symlink_to(home / "requirements-flink.txt")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run_all(*_planned) -> dict:
        raise StackError("Not today.", hint="")

    monkeypatch.setattr("streamproof.runs.runner.run_all", run_all)
    notice = "Stage stack_up installs it first"
    assert notice in call("run", "--processor", "flink").err.replace("\n", " ")
    assert notice not in call("run").err.replace("\n", " ")

    flink_home(project, tmp_path / "cache/streamproof").folder.mkdir(parents=True)
    assert notice not in call("run", "--processor", "flink").err.replace("\n", " ")
