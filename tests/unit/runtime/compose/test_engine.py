"""What is read from the engine's answers, with a stand-in for the engine."""

from __future__ import annotations

from typing import Any

import docker
import pytest
from docker.errors import DockerException

from streamproof.model.errors import StackError
from streamproof.runtime.compose.engine import NUMBER_LABEL, PROJECT_LABEL, SERVICE_LABEL, Engine


def container(
    service: str, status: str = "running", health: str | None = "healthy", code: int = 0, number: int = 1
) -> dict[str, Any]:
    """What the engine says of a container, the `number`-th one of its service."""
    state: dict[str, Any] = {"Status": status, "ExitCode": code}
    if health:
        state["Health"] = {"Status": health, "Log": [{"Output": "connection\n refused"}]}
    labels = {SERVICE_LABEL: service, NUMBER_LABEL: str(number)}
    return {
        "Id": f"{service * 3}{number}",
        "Name": f"/p-{service}-1",
        "State": state,
        "Config": {"Image": "i:1", "Labels": labels},
    }


class Api:
    """An engine that knows these containers."""

    def __init__(self, *containers: dict[str, Any], version: str = "28.2.2") -> None:
        self.known = {facts["Id"]: facts for facts in containers}
        self.engine_version = version
        self.asked: list[Any] = []

    @property
    def api(self) -> Api:
        return self

    def version(self) -> dict[str, str]:
        return {"Version": self.engine_version}

    def containers(self, **asked: Any) -> list[dict[str, str]]:
        self.asked.append(asked)
        return [{"Id": name} for name in self.known]

    def inspect_container(self, name: str) -> dict[str, Any]:
        return self.known[name]

    def logs(self, name: str, **_asked: Any) -> bytes:
        return f"first line of {name}\nlast line\n".encode()

    def stats(self, name: str, **_asked: Any) -> dict[str, Any]:
        return {
            "memory_stats": {"usage": 5, "max_usage": 7},
            "cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}},
        }


def test_all_healthy_is_done_and_only_the_project_is_asked_about():
    api = Api(container("kafka"), container("processor", health=None))
    assert Engine(api, "p").look(("kafka", "processor")).done
    assert api.asked == [{"all": True, "filters": {"label": f"{PROJECT_LABEL}=p"}}]


def test_what_is_missing_is_named():
    api = Api(container("kafka", health="starting"), container("grafana", status="created", health=None))
    probe = Engine(api, "p").look(("kafka", "grafana", "clickhouse"))
    assert not probe.done
    assert probe.missing == "kafka (starting), grafana (created), clickhouse (no container)"


def test_every_container_of_a_service_counts():
    """The first one must not speak for the others."""
    api = Api(container("flink", number=2, health="starting"), container("flink"))
    engine = Engine(api, "p")
    assert [view.name for view in engine.containers_of("flink")] == ["flink", "flink-2"]
    assert engine.container("flink").number == 1
    probe = engine.look(("flink",))
    assert (probe.done, probe.missing) == (False, "flink-2 (starting)")
    with pytest.raises(StackError, match="Service flink-2 ended with code 1 while starting"):
        Engine(Api(container("flink"), container("flink", number=2, status="exited", code=1)), "p").look(("flink",))


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (container("kafka", status="exited", code=0), "Service kafka ended with code 0 while starting."),
        (container("kafka", status="exited", code=1), "Service kafka ended with code 1 while starting."),
        (container("kafka", status="dead", code=137), "Service kafka was killed by signal 9 while starting."),
        (container("kafka", health="unhealthy"), "Service kafka is not healthy."),
    ],
)
def test_what_will_never_be_ready_ends_the_wait_and_shows_its_log(facts, message):
    with pytest.raises(StackError) as refused:
        Engine(Api(facts), "p").look(("kafka",))
    assert refused.value.message == message
    assert "last line" in refused.value.hint
    assert ("connection refused" in refused.value.hint) == (facts["State"]["Health"]["Status"] == "unhealthy")


def test_the_end_of_another_service_is_no_concern_of_this_wait():
    api = Api(container("kafka"), container("prepare", status="exited", health=None))
    assert Engine(api, "p").look(("kafka",)).done


def test_a_description_has_statistics_of_what_runs():
    running, ended = Engine(Api(container("kafka"), container("processor", "exited", None, 3)), "p").describe()
    assert (running["service"], running["memory_bytes"], running["memory_peak_bytes"], running["cpu_sec"]) == (
        "kafka", 5, 7, 1.5,
    )  # fmt: skip
    assert (ended["exit_code"], "memory_bytes" in ended) == (3, False)


@pytest.mark.parametrize(("version", "accepted"), [("20.10.24+dfsg1", True), ("28.2.2", True), ("19.03.15", False)])
def test_an_engine_that_is_too_old_is_refused(monkeypatch, version, accepted):
    monkeypatch.setattr(docker, "from_env", lambda **_asked: Api(version=version))
    if accepted:
        assert Engine.open("p", None, {}).project == "p"
        return
    with pytest.raises(StackError, match=f"Docker engine {version} at the default socket is too old"):
        Engine.open("p", None, {})


def test_without_an_engine_the_address_is_named(monkeypatch):
    def refuse(**asked: Any) -> None:
        assert asked["environment"] == {"DOCKER_HOST": "unix:///mine.sock", "DOCKER_CONFIG": "/c"}
        raise DockerException("Connection refused")

    monkeypatch.setattr(docker, "from_env", refuse)
    with pytest.raises(StackError, match=r"No Docker engine answers at unix:///mine\.sock: Connection refused") as no:
        Engine.open("p", "unix:///mine.sock", {"DOCKER_HOST": "unix:///theirs.sock", "DOCKER_CONFIG": "/c"})
    assert "--stack local" in no.value.hint
