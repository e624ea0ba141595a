"""A stack on the real broker and the real ClickHouse engine: up, used, down, and every way in which it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import clickhouse_connect
import orjson
import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Consumer, Producer
from confluent_kafka.admin import AdminClient, ConfigResource

from streamproof.model.errors import StackError
from streamproof.model.stack import StackState
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.ports import LOOPBACK
from streamproof.runtime.process import identity_of, is_alive, python_module
from streamproof.runtime.stack import (
    ProcessorLaunch,
    StackSpec,
    own_identity,
    read_state,
    stack_is_alive,
    start_stack,
    stop_stack,
)

pytestmark = pytest.mark.engine
OFFSETS = "__consumer_offsets"
TIMEOUT = 60.0
# A module of the standard library that runs until it is told to end; it takes its arguments from nowhere.
IDLE_PROCESSOR = "http.server"

MakeSpec = Callable[..., StackSpec]


@pytest.fixture
def make_spec(tmp_path: Path, cache_dir: Path, home: Path) -> Iterator[MakeSpec]:
    """Build specs that end with this test process, and stop whatever they started."""
    folders: list[Path] = []

    def make(name: str = "one", **changes: object) -> StackSpec:
        folder = tmp_path / name
        folders.append(folder)
        spec = StackSpec(name, str(folder), str(cache_dir), str(home), topics=("in.put", "dlq"), owner=own_identity())
        return replace(spec, **changes)

    yield make
    for folder in folders:
        stop_stack(folder, timeout=20)


def alive(state: StackState) -> list[str]:
    """Name the processes of a stack that still run."""
    found = [service.name for service in state.services if is_alive(service.process)]
    return [*found, *(["supervisor"] if stack_is_alive(state) else [])]


def wait_for_silence(state: StackState, timeout: float) -> None:
    wait_until(
        lambda: Probe(not alive(state), ", ".join(alive(state))), timeout=timeout, message="the stack's end", hint=""
    )


def wait_for_status(spec: StackSpec, status: str) -> StackState:
    def look() -> Probe:
        state = read_state(spec.root)
        return Probe(state is not None and state.status == status and not alive(state), f"{state}")

    wait_until(look, timeout=30, message=f"status {status}", hint="")
    state = read_state(spec.root)
    assert state is not None
    return state


def query(state: StackState, sql: str, user: str | None = None) -> str:
    settings = state.clickhouse
    client = clickhouse_connect.get_client(
        host=settings.host, port=settings.port, username=user or settings.user, password=settings.password
    )
    try:
        return str(client.command(sql))
    finally:
        client.close()


def round_trip(state: StackState, topic: str) -> tuple[bytes, int]:
    """Send a record stamped in the year 2001 and return the value and the time stamp that come back."""
    producer = Producer(state.kafka.client_config())
    producer.produce(topic, b"hello", key=b"k", timestamp=1_000_000_000_000)
    assert producer.flush(20) == 0
    consumer = Consumer(state.kafka.client_config(group_id="test", auto_offset_reset="earliest"))
    try:
        consumer.subscribe([topic])
        message = consumer.poll(30)
        assert message is not None
        assert message.error() is None
        kind, at = message.timestamp()
        assert kind == TIMESTAMP_CREATE_TIME
        return message.value(), at
    finally:
        consumer.close()


class TestUpAndDown:
    def test_what_is_up_works_and_what_is_down_is_gone(self, make_spec: MakeSpec, tmp_path: Path) -> None:
        launch = ProcessorLaunch(python_module(IDLE_PROCESSOR), {"BOOT": "{bootstrap_servers}"})
        spec = make_spec(processor=launch)
        state = start_stack(spec, timeout=TIMEOUT)
        assert state.status == "ready"
        assert read_state(spec.root) == state
        assert sorted(service.name for service in state.services) == ["clickhouse", "kafka", "processor"]
        assert round_trip(state, "in.put") == (b"hello", 1_000_000_000_000)
        assert query(state, "SELECT 1") == "1"
        processor = next(service for service in state.services if service.name == "processor")
        environment = Path(f"/proc/{processor.process.pid}/environ").read_bytes()
        assert f"BOOT={state.bootstrap_servers}".encode() in environment
        assert stop_stack(spec.root, timeout=30) is True
        assert alive(state) == []
        assert stop_stack(spec.root, timeout=30) is False
        after = read_state(spec.root)
        assert after is not None
        assert after.status == "stopped"
        assert not spec.data.exists()
        assert "shut down completed" in spec.log("kafka").read_text()

    def test_topics_never_expire_nor_refuse_a_time(self, make_spec: MakeSpec) -> None:
        state = start_stack(make_spec(), timeout=TIMEOUT)
        admin = AdminClient(state.kafka.client_config())
        topics = {name: len(topic.partitions) for name, topic in admin.list_topics(timeout=10).topics.items()}
        # The groups' own topic is the broker's, which may not have made it yet.
        assert {name: number for name, number in topics.items() if name != OFFSETS} == {"in.put": 1, "dlq": 1}
        resource = ConfigResource(ConfigResource.Type.TOPIC, "dlq")
        values = admin.describe_configs([resource])[resource].result(10)
        assert values["retention.ms"].value == "-1"
        assert int(values["message.timestamp.after.max.ms"].value) == 2**63 - 1

    def test_the_engine_reads_kafka_and_logs_queries(self, make_spec: MakeSpec) -> None:
        state = start_stack(make_spec(), timeout=TIMEOUT)
        query(state, "CREATE DATABASE d")
        query(
            state,
            f"CREATE TABLE d.q (l String) ENGINE = Kafka SETTINGS kafka_broker_list = '{state.bootstrap_servers}', "
            "kafka_topic_list = 'in.put', kafka_group_name = 'g', kafka_format = 'LineAsString'",
        )
        query(state, "CREATE TABLE d.t (l String) ENGINE = MergeTree ORDER BY l")
        query(state, "CREATE MATERIALIZED VIEW d.v TO d.t AS SELECT l FROM d.q")
        round_trip(state, "in.put")
        wait_until(
            lambda: Probe(query(state, "SELECT count() FROM d.t") == "1", "the record in d.t"),
            timeout=30,
            message="the Kafka engine",
            hint="",
        )
        query(state, "SYSTEM FLUSH LOGS")
        assert int(query(state, "SELECT count() FROM system.query_log WHERE user = 'streamproof'")) > 0

    def test_the_start_up_user_of_the_engine_may_read_nothing(self, make_spec: MakeSpec) -> None:
        state = start_stack(make_spec(kafka_kind="mock"), timeout=TIMEOUT)
        query(state, "CREATE DATABASE d")
        query(state, "CREATE TABLE d.t (l String) ENGINE = MergeTree ORDER BY l")
        with pytest.raises(Exception, match=r"ACCESS_DENIED|Not enough privileges"):
            query(state, "SELECT count() FROM d.t", user="default")

    def test_two_side_by_side(self, make_spec: MakeSpec) -> None:
        command = [sys.executable, "-c", _START_FROM_JSON]
        specs = [replace(make_spec(name), owner=None, expires_after_sec=300) for name in ("left", "right")]
        texts = [orjson.dumps(spec.as_json()).decode() for spec in specs]
        starting = [subprocess.Popen([*command, text], stderr=subprocess.PIPE) for text in texts]
        for process in starting:
            _, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
        states = [read_state(spec.root) for spec in specs]
        left, right = [state for state in states if state]
        ports = [port for state in (left, right) for service in state.services for port in service.ports.values()]
        assert len(set(ports)) == len(ports) == 8
        assert round_trip(left, "in.put") == round_trip(right, "in.put")
        stop_stack(specs[0].root, timeout=30)
        assert alive(left) == []
        assert query(right, "SELECT 1") == "1"


_START_FROM_JSON = """
import sys, orjson
from streamproof.model.formats.json_data import from_json
from streamproof.runtime.stack import StackSpec, start_stack
start_stack(from_json(StackSpec, orjson.loads(sys.argv[1])), timeout=60)
"""


class TestMock:
    def test_the_fallback_serves_its_topics(self, make_spec: MakeSpec) -> None:
        spec = make_spec(kafka_kind="mock")
        state = start_stack(spec, timeout=TIMEOUT)
        assert state.kafka_kind == "mock"
        assert round_trip(state, "in.put") == (b"hello", 1_000_000_000_000)
        topics = AdminClient(state.kafka.client_config()).list_topics(timeout=10).topics
        assert len(topics["dlq"].partitions) == 1
        stop_stack(spec.root, timeout=30)
        assert alive(state) == []


class TestEnds:
    def test_killing_the_supervisor_leaves_no_child(self, make_spec: MakeSpec, tmp_path: Path) -> None:
        spec = make_spec(processor=ProcessorLaunch(python_module(IDLE_PROCESSOR), {}))
        state = start_stack(spec, timeout=TIMEOUT)
        assert len(alive(state)) == 4
        os.kill(state.supervisor.pid, signal.SIGKILL)
        wait_for_silence(state, timeout=5)
        after = read_state(spec.root)
        assert after is not None
        assert not stack_is_alive(after)
        stop_stack(spec.root, timeout=5)
        assert not spec.data.exists()

    def test_a_stack_whose_supervisor_was_killed_can_be_started_again(self, make_spec: MakeSpec) -> None:
        spec = make_spec(kafka_kind="mock")
        state = start_stack(spec, timeout=TIMEOUT)
        os.kill(state.supervisor.pid, signal.SIGKILL)
        wait_for_silence(state, timeout=5)
        again = start_stack(spec, timeout=TIMEOUT)
        assert again.supervisor != state.supervisor
        assert query(again, "SELECT 1") == "1"

    @pytest.mark.parametrize("victim", ["kafka", "clickhouse"])
    def test_a_service_that_dies_fails_the_stack(self, make_spec: MakeSpec, victim: str) -> None:
        spec = make_spec()
        state = start_stack(spec, timeout=TIMEOUT)
        service = next(service for service in state.services if service.name == victim)
        os.kill(service.process.pid, signal.SIGKILL)
        failed = wait_for_status(spec, "failed")
        assert f"Service {victim} was killed by signal 9 during the run" in (failed.error or "")
        assert service.log in (failed.hint or "")
        stop_stack(spec.root, timeout=5)
        assert read_state(spec.root) == failed

    def test_a_processor_that_ends_fails_the_stack_with_its_last_log_lines(
        self, make_spec: MakeSpec, tmp_path: Path
    ) -> None:
        launch = ProcessorLaunch(python_module("no_such_processor"), {})
        spec = make_spec(kafka_kind="mock", processor=launch)
        # It ends at about the time at which the stack is up: whoever started it may be told at once, or not yet.
        with suppress(StackError):
            start_stack(spec, timeout=TIMEOUT)
        failed = wait_for_status(spec, "failed")
        assert "Service processor ended with code 1" in (failed.error or "")
        assert "No module named no_such_processor" in (failed.hint or "")

    def test_the_owner_takes_the_stack_with_it(self, make_spec: MakeSpec) -> None:
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as owner:
            spec = make_spec(kafka_kind="mock", owner=identity_of(owner.pid))
            state = start_stack(spec, timeout=TIMEOUT)
            assert len(alive(state)) == 3
            owner.kill()
        stopped = wait_for_status(spec, "stopped")
        assert f"its owner, process {owner.pid}, is gone" in (stopped.error or "")

    def test_time_runs_out(self, make_spec: MakeSpec) -> None:
        spec = make_spec(kafka_kind="mock", expires_after_sec=3.0)
        # A machine that is busy may need longer than that to start it.
        with suppress(StackError):
            start_stack(spec, timeout=TIMEOUT)
        assert "after its 3 s" in (wait_for_status(spec, "stopped").error or "")


class TestRefusals:
    """What cannot be started is one clear error, and leaves nothing behind."""

    def refuse(self, spec: StackSpec, expected: str, timeout: float = TIMEOUT) -> StackError:
        with pytest.raises(StackError, match=expected) as caught:
            start_stack(spec, timeout=timeout)
        state = read_state(spec.root)
        assert state is None or alive(state) == []
        assert not spec.data.exists()
        return caught.value

    @pytest.mark.parametrize("purpose", ["kafka", "clickhouse_http"])
    def test_a_port_that_is_taken(self, make_spec: MakeSpec, purpose: str) -> None:
        with socket.socket() as server:
            server.bind((LOOPBACK, 0))
            server.listen()
            port = server.getsockname()[1]
            self.refuse(make_spec(ports={purpose: port}), f"Port {port} for {purpose} cannot be used")

    def test_a_java_that_is_not_there(self, make_spec: MakeSpec, tmp_path: Path) -> None:
        error = self.refuse(make_spec(java=str(tmp_path / "no-java")), "There is no Java program")
        assert "STREAMPROOF_JAVA" in error.hint

    def test_a_broker_that_does_not_start_shows_its_last_log_lines(self, make_spec: MakeSpec, tmp_path: Path) -> None:
        java = tmp_path / "java"
        java.write_text(
            '#!/bin/sh\n[ "$1" = -version ] && { echo \'openjdk version "21"\' >&2; exit 0; }\n'
            "echo 'Error: broken heap' >&2; exit 7\n"
        )
        java.chmod(0o755)
        error = self.refuse(make_spec(java=str(java)), r"Service kafka\S* ended with code 7")
        assert "broken heap" in error.hint

    def test_a_stack_that_is_not_up_in_time(self, make_spec: MakeSpec) -> None:
        self.refuse(make_spec(), r"not up within 0 s; still missing: .*kafka", timeout=0.3)

    def test_a_stack_whose_time_runs_out_before_it_is_up_says_so(self, make_spec: MakeSpec) -> None:
        self.refuse(make_spec(expires_after_sec=0.3), "The stack was stopped after its 0 s")

    def test_a_wrong_hash_in_the_lock(self, make_spec: MakeSpec, tmp_path: Path, home: Path) -> None:
        other = tmp_path / "home"
        (other / "include").mkdir(parents=True)
        stack = other / "include" / "stack"
        subprocess.run(["cp", "-r", str(home / "include" / "stack"), str(stack)], check=True)
        # The smallest jar alone, under a hash that it does not have.
        lines = (stack / "jars.lock").read_text().splitlines()
        jar = next(line.split()[0] for line in lines if line.startswith("org.jspecify:"))
        (stack / "jars.lock").write_text(f"{jar} {'0' * 64}\n")
        cache = tmp_path / "cache"
        error = self.refuse(make_spec(home=str(other), cache_dir=str(cache)), rf"{jar} is not what jars\.lock says")
        assert "make lock" in error.hint
        assert [path.name for path in (cache / "jars").iterdir()] == [".lock"]
