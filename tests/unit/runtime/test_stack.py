"""What is known of a stack from its folder, without starting one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.model.errors import StackError
from streamproof.model.formats.json_data import from_json
from streamproof.model.stack import ProcessIdentity, ServiceState, StackState
from streamproof.runtime.environment import fill_environment
from streamproof.runtime.files import last_lines, write_json
from streamproof.runtime.process import own_identity
from streamproof.runtime.stack import (
    ProcessorLaunch,
    StackSpec,
    read_state,
    stack_is_alive,
    start_stack,
    stop_stack,
)

GONE = ProcessIdentity(2**22 + 1, 1.0)


@pytest.fixture
def spec(tmp_path: Path) -> StackSpec:
    return StackSpec(
        name="t",
        folder=str(tmp_path / "stack"),
        cache_dir=str(tmp_path / "cache"),
        home=str(tmp_path),
        topics=("a", "b"),
        ports={"kafka": 1234},
        processor=ProcessorLaunch(("python", "-m", "x.y"), {"A": "1"}, "/tmp/status.json"),
        owner=own_identity(),
        expires_after_sec=5.0,
    )


@pytest.fixture
def state() -> StackState:
    return StackState(
        name="t",
        status="ready",
        supervisor=own_identity(),
        kafka_kind="broker",
        bootstrap_servers="127.0.0.1:9092",
        clickhouse_host="127.0.0.1",
        clickhouse_port=8123,
        clickhouse_tcp_port=9000,
        clickhouse_user="streamproof",
        services=(ServiceState("kafka", GONE, {"kafka": 9092}, "/x/kafka.log", "4.3.1"),),
    )


def keep(spec: StackSpec, state: StackState) -> None:
    write_json(spec.state_file, state.as_json())


def test_a_spec_survives_json(spec: StackSpec) -> None:
    bare = StackSpec("t", "/f", "/c", "/h")
    assert from_json(StackSpec, spec.as_json() | {"topics": ["a", "b"]}) == spec
    assert from_json(StackSpec, bare.as_json()) == bare


def test_a_state_survives_its_file(spec: StackSpec, state: StackState) -> None:
    keep(spec, state)
    assert read_state(spec.root) == state


def test_no_file_is_no_stack(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    assert stop_stack(tmp_path, timeout=1) is False


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"services": []}'])
def test_a_broken_file_is_a_clear_error(spec: StackSpec, text: str) -> None:
    spec.root.mkdir()
    spec.state_file.write_text(text)
    with pytest.raises(StackError, match="is not a stack's state"):
        read_state(spec.root)


def test_a_stale_file_is_recognised_by_pid_and_start_time(state: StackState) -> None:
    reused = ProcessIdentity(state.supervisor.pid, state.supervisor.started_at - 100)
    assert stack_is_alive(state)
    assert not stack_is_alive(replace(state, supervisor=reused))
    assert not stack_is_alive(replace(state, supervisor=GONE))


def test_stopping_a_stale_stack_cleans_up_and_touches_no_process(spec: StackSpec, state: StackState) -> None:
    reused = ProcessIdentity(state.supervisor.pid, state.supervisor.started_at - 100)
    keep(spec, replace(state, supervisor=reused))
    (spec.data / "kafka").mkdir(parents=True)
    assert stop_stack(spec.root, timeout=1) is False
    assert stop_stack(spec.root, timeout=1) is False
    after = read_state(spec.root)
    assert after is not None
    assert after.status == "stopped"
    assert not spec.data.exists()


def test_a_failed_stack_stays_failed(spec: StackSpec, state: StackState) -> None:
    failed = replace(state, supervisor=GONE, status="failed", error="Service kafka died.", hint="Look.")
    keep(spec, failed)
    stop_stack(spec.root, timeout=1)
    assert read_state(spec.root) == failed


def test_a_folder_with_a_living_stack_is_refused(spec: StackSpec, state: StackState) -> None:
    keep(spec, state)
    with pytest.raises(StackError, match="already runs") as caught:
        start_stack(spec, timeout=1)
    assert "stack down" in caught.value.hint


def test_the_processor_learns_where_the_services_are(state: StackState) -> None:
    env = {"A": "{bootstrap_servers}", "URL": "{clickhouse_url}/db", "USER": "{clickhouse_user}", "J": '{"a": {}}'}
    assert fill_environment(env, state) == {
        "A": "127.0.0.1:9092",
        "URL": "http://127.0.0.1:8123/db",
        "USER": "streamproof",
        "J": '{"a": {}}',
    }


def test_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert last_lines(log) == ""
    log.write_text("\n".join(f"line {number}" for number in range(100)) + "\n\n")
    assert last_lines(log, 2) == "line 98\nline 99"
