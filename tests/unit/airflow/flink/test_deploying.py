"""Deployments as Airflow tasks: deferred waits, tries after a kill, and what XCom gets; on a cluster in memory."""

from __future__ import annotations

import asyncio
import zipfile
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException, TaskDeferred

from streamproof.airflow.flink import opening
from streamproof.airflow.flink.operators import FlinkDeploymentOperator, FlinkHealthOperator
from streamproof.airflow.flink.reports import FlinkJobReportOperator
from streamproof.airflow.flink.triggers import DeploymentTrigger
from streamproof.model.settings import FlinkSettings
from tests.unit.flink.deploying.fake_cluster import FakeCluster, KilledError

LIMITS = {"savepoint": 0, "start": 0, "watch": 0, "reach": 0}


class TaskInstance:
    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


class Cluster(FakeCluster):
    """The same cluster for every client that is opened."""

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


@pytest.fixture
def cluster(monkeypatch, tmp_path) -> Cluster:
    found = Cluster()
    # First the module that imports the name: an import after the other line would keep the stand-in for later tests.
    monkeypatch.setattr("streamproof.flink.deploying.opening.FlinkClient", lambda _settings: found)
    monkeypatch.setattr("streamproof.flink.client.FlinkClient", lambda _settings: found)
    monkeypatch.setattr(opening, "flink_connection", lambda settings: FlinkSettings(f"http://{settings.flink_conn_id}"))
    settings = opening.read_settings({"STREAMPROOF_HOME": str(tmp_path)})
    monkeypatch.setattr(opening, "read_settings", lambda: settings)
    return found


@pytest.fixture
def jar(tmp_path) -> str:
    path = tmp_path / "job.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("job", "")
    return str(path)


@pytest.fixture
def perform(jar):
    """Return a function that runs an operator as Airflow does, its triggers included; returns (value, XCom, waits)."""

    def run(run_id: str = "r1", **options: Any) -> SimpleNamespace:
        given = {"action": "deploy", "jar": jar, "entry_class": "a.One", "limits": LIMITS} | options
        operator = FlinkDeploymentOperator(task_id="deployment", **given)
        ti = TaskInstance()
        context: Any = {"ti": ti, "run_id": run_id}
        waits: list[dict[str, Any]] = []
        step = lambda: operator.execute(context)  # noqa: E731
        while True:
            try:
                value = step()
            except TaskDeferred as deferred:
                path, arguments = deferred.trigger.serialize()
                assert path == "streamproof.airflow.flink.triggers.DeploymentTrigger"
                assert deferred.method_name == "resume"
                [event] = events_of(DeploymentTrigger(**arguments))
                waits.append(event)
                step = lambda event=event: operator.resume(context, event)  # noqa: E731
                continue
            return SimpleNamespace(value=value, xcom=ti.pushed, waits=waits)

    return run


def events_of(trigger: DeploymentTrigger) -> list[dict[str, Any]]:
    async def collect() -> list[dict[str, Any]]:
        return [event.payload async for event in trigger.run()]

    return asyncio.run(collect())


def running(cluster: Cluster) -> list[tuple[str, str]]:
    return [(job.entry_class, job.savepoint) for job in cluster.running()]


def test_a_first_run_and_an_update_give_ids_to_xcom(cluster, perform):
    first = perform()
    second = perform("r2", entry_class="a.Two")

    assert first.xcom == {"job_id": first.value["job_id"], "savepoint": "", "started_from": ""}
    assert second.xcom["savepoint"] == second.xcom["started_from"] != ""
    assert running(cluster) == [("a.Two", second.xcom["savepoint"])]


def test_a_wait_is_deferred_and_gone_on_after(cluster, perform):
    perform()
    cluster.savepoints_after = 1
    second = perform("r2", entry_class="a.Two", limits={**LIMITS, "savepoint": 5})

    assert [wait["outcome"] for wait in second.waits] == ["done"]
    assert second.value["status"] == "deployed"


def test_the_same_inside_the_worker(cluster, perform):
    perform()
    cluster.savepoints_after = 1
    second = perform("r2", entry_class="a.Two", deferrable=False, limits={**LIMITS, "savepoint": 5})

    assert second.waits == []
    assert running(cluster) == [("a.Two", second.xcom["savepoint"])]


def test_a_job_that_fails_is_undone_and_not_tried_again(cluster, perform):
    perform()
    cluster.behaviour["a.Bad"] = "restarts"

    with pytest.raises(AirflowFailException, match=r"was restarted 9 times: .*Connection refused.* runs again as job"):
        perform("r2", entry_class="a.Bad", allow_non_restored_state="True")

    assert [name for name, _ in running(cluster)] == ["a.One"]


def test_a_failure_that_the_trigger_sees_is_undone_too(cluster, perform):
    perform()
    cluster.behaviour["a.Slow"] = "slow"

    with pytest.raises(AirflowFailException, match=r"still missing: job 'a.Slow' is CREATED"):
        perform("r2", entry_class="a.Slow")

    assert [name for name, _ in running(cluster)] == ["a.One"]


def test_a_task_that_was_killed_goes_on_when_it_is_tried_again(cluster, perform):
    perform()
    cluster.kill_at, cluster.kill_after = len(cluster.requests) + 2, True
    with pytest.raises(KilledError):
        perform("r2", entry_class="a.Two")

    again = perform("r2", entry_class="a.Two")
    third = perform("r2", entry_class="a.Two")

    assert again.value == third.value
    assert [job.entry_class for job in cluster.jobs_by_id.values()] == ["a.One", "a.Two"]


def test_an_operation_that_is_not_finished_is_tried_again(cluster, perform):
    perform()
    cluster.endless_savepoints = True

    with pytest.raises(AirflowException, match="keeps running until it is complete") as failed:
        perform("r2", entry_class="a.Two")
    assert not isinstance(failed.value, AirflowFailException)


def test_the_other_actions(cluster, perform):
    perform()
    perform("r2", action="update", entry_class="a.Two")

    assert perform("r3", action="rollback").value["status"] == "rolled back"
    assert perform("r3", action="rollback").value["status"] == "rolled back"
    assert perform("r4", action="stop", drain=True).value["status"] == "stopped"
    assert perform("r5", action="cancel").value["status"] == "cancelled"
    assert running(cluster) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"action": "update"}, "has no job to update"),
        ({"action": "stop"}, "has no job that runs"),
        ({"action": "jump"}, "There is no action jump"),
        ({"jar": None}, "Name either a jar or a Python module"),
        ({"jar": None, "python_module": "no.module"}, "There is no module no.module"),
        ({"jar": "gone.jar"}, "There is no jar gone.jar"),
        ({"gate": "'open"}, "The gate cannot be read"),
    ],
)
def test_what_cannot_be_done(cluster, perform, options, message):
    with pytest.raises(AirflowFailException, match=message):
        perform(**options)
    assert cluster.requests == []


def test_a_python_job_is_packed(cluster, perform, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "clicks.py").write_text("pass")

    told = perform(jar=None, python_module="clicks", python_folder=str(tmp_path / "src"), arguments=["--topic", "t"])

    assert told.value["build"].startswith("default-")
    assert running(cluster) == [("org.apache.flink.client.python.PythonDriver", "")]


def test_a_trigger_that_says_nothing_fails_the_operation(cluster, perform):
    perform()

    with pytest.raises(AirflowFailException, match="without an event"):
        FlinkDeploymentOperator(task_id="deployment").resume({"ti": TaskInstance(), "run_id": "r"}, None)


def test_health_and_report(cluster, perform, monkeypatch):
    assert FlinkHealthOperator(task_id="h").execute({})["slots"] == 4
    with pytest.raises(AirflowSkipException):
        FlinkJobReportOperator(task_id="r").execute({})

    first = perform()
    monkeypatch.setattr("streamproof.flink.job_report.job_report", lambda _client, job_id: {"job_id": job_id})
    assert FlinkJobReportOperator(task_id="r").execute({}) == {"job_id": first.value["job_id"]}


def test_another_connection_can_be_named(cluster):
    assert opening.cluster("other").url == "http://other"
    assert opening.cluster("").url == "http://flink_default"
