"""`streamproof flink`: what is refused before anything is started, and a cluster that is not there."""

from __future__ import annotations

import socket
import zipfile

import pytest


@pytest.fixture
def jar(tmp_path):
    path = tmp_path / "job.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("job.py", "pass")
    return path


@pytest.fixture
def nobody(monkeypatch) -> str:
    """The address of a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"127.0.0.1:{closed.getsockname()[1]}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Name either --jar or --python."),
        (("--jar", "x.jar", "--python", "job"), "Name either --jar or --python."),
        (("--python", "job", "--entry-class", "a.B"), "has no --entry-class"),
        (("--jar", "gone.jar"), "There is no jar gone.jar"),
        (("--jar", "gone.jar", "--set", "parallelism"), "--set parallelism has no value"),
        (("--jar", "gone.jar", "--name", "a/b"), "'a/b' is no name of a deployment"),
        (("--jar", "gone.jar", "--gate", "'open"), "The gate cannot be read"),
        (("--jar", "gone.jar", "--parallelism", "0"), "greater than or equal to 1"),
        (("--python", "no.module", "--python-folder", "."), "There is no module no.module"),
        (("--jar", "gone.jar", "--rest", "ftp://x"), "neither http nor https"),
    ],
)
def test_what_cannot_be_deployed(refuses, nobody, arguments, message):
    assert message in refuses("flink", "deploy", "--rest", nobody, *arguments)


@pytest.mark.parametrize("command", ["stop", "status", "cancel", "rollback", "savepoints"])
def test_a_cluster_must_be_named(refuses, command):
    assert "No Flink is named" in refuses("flink", command)


def test_a_cluster_that_is_not_there_is_one_message(refuses, nobody, jar, project):
    assert f"http://{nobody} cannot be reached" in refuses("flink", "deploy", "--rest", nobody, "--jar", jar, code=3)
    assert "cannot be reached" in refuses("flink", "status", "--rest", nobody, code=3)
    record = (project / "artifacts/deployments/default/deployment.json").read_text()
    assert '"operation": null' in record


@pytest.mark.parametrize("command", ["stop", "rollback"])
def test_a_deployment_without_a_job(refuses, nobody, command):
    assert "Deployment clicks has no" in refuses("flink", command, "--rest", nobody, "--name", "clicks", code=3)


def test_savepoints_of_a_new_deployment(call, nobody):
    assert call("flink", "savepoints", "--rest", nobody, "--json").document == {"name": "default", "savepoints": []}


def test_status_shows_no_secret(call, monkeypatch, jar, project):
    from streamproof.flink.deploying.opening import jar_build
    from streamproof.flink.deploying.record import Record, Release, Store
    from tests.unit.flink.deploying.fake_cluster import FakeCluster

    class Cluster(FakeCluster):
        def __enter__(self) -> Cluster:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing to close."""

    monkeypatch.setattr("streamproof.flink.deploying.opening.FlinkClient", lambda _settings: Cluster())
    store = Store(project / "artifacts/deployments", "default")
    build = jar_build(
        store, jar, arguments=["--password", "pw-of-mine"], configuration={"s3.secret-key": "pw-of-s3", "a": "b"}
    )
    store.write(Record("default", current=Release("j1", build=build)))

    told = call("flink", "status", "--rest", "flink:8081", "--json")

    assert told.code == 0
    assert "pw-of" not in told.out + told.err
    shown = told.document["deployment"]["current"]["build"]
    assert (shown["arguments"], shown["configuration"]) == (["--password", "***"], {"s3.secret-key": "***", "a": "b"})
    assert told.document["job"] == {"job_id": "j1", "state": "UNKNOWN"}
    assert "does not know job j1" in call("flink", "status", "--rest", "flink:8081").out
