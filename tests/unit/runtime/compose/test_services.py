"""What is written for Compose before the containers of a run start."""

from __future__ import annotations

import json

from streamproof.model.stack import StackState
from streamproof.runtime.compose.services import ComposeServices, seen_inside
from streamproof.runtime.stack_spec import ComposeLaunch, StackSpec

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


def test_containers_reach_each_other_by_the_names_of_their_services():
    state = StackState("r", "ready", None, "broker", "127.0.0.1:41", "127.0.0.1", 1, 2, "u")  # type: ignore[arg-type]
    inside = seen_inside(state)
    assert inside.bootstrap_servers == "kafka:9092"
    assert (inside.clickhouse_host, inside.clickhouse_port, inside.clickhouse_tcp_port) == ("clickhouse", 8123, 9000)
