"""What is written for Compose before the containers of a run start."""

from __future__ import annotations

import asyncio
import json
import stat

from streamproof.model.stack import StackState
from streamproof.runtime.compose.cli import ComposeCli
from streamproof.runtime.compose.published import seen_inside, with_password
from streamproof.runtime.compose.services import ComposeServices
from streamproof.runtime.stack_spec import ComposeLaunch, StackSpec
from streamproof.runtime.warehouses import warehouse_settings

FLINK = ("kafka", "clickhouse", "flink-jobmanager", "flink-taskmanager")


def test_a_job_gets_as_many_task_managers_as_it_asks_for_and_a_port_of_its_own(tmp_path):
    launch = ComposeLaunch("sp-r1", (str(tmp_path / "c.yaml"),), FLINK, replicas={"flink-taskmanager": 2})
    services = ComposeServices(StackSpec("r1", str(tmp_path), "/c", "/h", compose=launch), {}, 1.0)
    try:
        services._write_files()
        port = services.reserved.ports["flink_rest"]
        assert services.state_file.state.flink_rest == f"http://127.0.0.1:{port}"
    finally:
        services.close()

    written = json.loads((tmp_path / "compose.run.yaml").read_text())["services"]
    assert set(written) == set(FLINK)
    assert {name: service.get("scale") for name, service in written.items()} == {
        "kafka": None, "clickhouse": None, "flink-jobmanager": None, "flink-taskmanager": 2,
    }  # fmt: skip
    assert f"FLINK_PORT={port}" in (tmp_path / "compose.env").read_text().splitlines()


def served(tmp_path, **options):
    """The services of a stack without Kafka, whose warehouse is PostgreSQL."""
    launch = ComposeLaunch("sp-r1", (str(tmp_path / "c.yaml"),), ("timescaledb",), **options)
    spec = StackSpec(
        "r1", str(tmp_path), "/c", "/h", kafka_kind="none", topics=("r1.served",), compose=launch, warehouse="postgres"
    )
    return ComposeServices(spec, {"PATH": "/bin"}, 1.0)


def test_a_stack_with_postgresql_has_its_port_and_nothing_of_kafka_and_clickhouse(tmp_path):
    services = served(tmp_path)
    try:
        services._write_files()
        assert set(services.reserved.ports) == {"postgres"}
        port = services.reserved.ports["postgres"]
    finally:
        services.close()
    state = services.state_file.state
    assert (state.postgres_host, state.postgres_port, state.postgres_user) == ("127.0.0.1", port, "streamproof")
    assert (state.bootstrap_servers, state.clickhouse_port, state.clickhouse_url) == ("", 0, None)
    assert f"TIMESCALEDB_PORT={port}" in (tmp_path / "compose.env").read_text().splitlines()
    # There are no brokers to ask for the topics: this would not return.
    asyncio.run(services._topics())


def test_the_password_of_postgresql_is_in_a_file_for_us_only_and_in_none_of_compose(tmp_path):
    services = served(tmp_path)
    try:
        services.cli = ComposeCli(("docker", "compose"), services.launch, (), (), services.env, tmp_path / "log")
        services._write_files()
        services._begin()
    finally:
        services.close()
    state, file = services.state_file.state, tmp_path / "postgres.password"
    assert services.cli.env == {"PATH": "/bin", "TIMESCALEDB_PASSWORD": file.read_text()}
    assert len(file.read_text()) >= 24
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert warehouse_settings(state, "postgres").password == file.read_text()
    others = [path for path in tmp_path.iterdir() if path != file]
    assert len(others) == 3
    assert not any(file.read_text() in path.read_text() for path in others)
    # Volumes that were kept have the password that they were made with.
    assert with_password(services.spec, {})["TIMESCALEDB_PASSWORD"] == file.read_text()


def test_a_stack_with_another_warehouse_has_no_password(tmp_path):
    spec = StackSpec("r1", str(tmp_path), "/c", "/h", compose=ComposeLaunch("sp-r1", (), ()))
    assert with_password(spec, {"PATH": "/bin"}) == {"PATH": "/bin"}
    assert list(tmp_path.iterdir()) == []


def test_containers_reach_each_other_by_the_names_of_their_services():
    state = StackState("r", "ready", None, "broker", "127.0.0.1:41", "127.0.0.1", 1, 2, "u")  # type: ignore[arg-type]
    inside = seen_inside(state)
    assert inside.bootstrap_servers == "kafka:9092"
    assert (inside.clickhouse_host, inside.clickhouse_port, inside.clickhouse_tcp_port) == ("clickhouse", 8123, 9000)
