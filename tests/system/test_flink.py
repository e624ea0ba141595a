"""The livepeer pipeline on a real Flink cluster: the content of local runs, also when everything around it fails.

One broker, one ClickHouse and one cluster serve all tests of this file.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from streamproof.flink.client import FlinkClient
from streamproof.flink.rest import UnreachableError
from streamproof.model.stack import ServiceState, StackState
from streamproof.model.waiting import Probe, wait_until
from streamproof.packs.loading import load_pack
from streamproof.runtime.process import is_alive
from streamproof.runtime.stack import StackSpec, own_identity, read_state, start_stack, stop_stack
from streamproof.runtime.stack_spec import FlinkSpec
from streamproof.sql.projections import read_projections
from tests.support.livepeer_on_flink import MODULE, FlinkDatabase, events_of, flink_database
from tests.support.restartable_broker import RestartableBroker, restartable_broker

from .conftest import Cli, Ended

pytestmark = pytest.mark.system
# A new machine installs Flink first.
START_SEC, CHANGE_SEC = 300.0, 90.0
AWAY_SEC = 20.0
SIX_RUNGS = ["judged", "drained", "raw_complete", "ids_accounted", "records_accounted", "foretold"]
RAW = "streaming_events"
REJECTS = ("streaming_events_dlq", "streaming_events_quarantine")
CHANGED_SESSION = """
ALTER TABLE fact_workflow_sessions UPDATE error_count = error_count + 1
WHERE workflow_session_id = (SELECT min(workflow_session_id) FROM fact_workflow_sessions)
SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1
"""


@dataclass(frozen=True)
class Cluster:
    """The services, and how a command reaches them."""

    spec: StackSpec
    state: StackState
    broker: RestartableBroker
    cli: Cli

    @property
    def environment(self) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP": self.broker.bootstrap_servers,
            "CH_HOST": self.state.clickhouse_host,
            "CH_PORT": str(self.state.clickhouse_port),
            "CH_USER": self.state.clickhouse_user,
            "FLINK_REST": self.state.flink_rest,
        }

    def run(self, *arguments: str) -> dict[str, Any]:
        """Make a run on these services and return its summary, which must be a pass."""
        ended = self.cli.run("--stack", "external", *arguments, **self.environment)
        assert ended.code == 0, ended.stderr
        return ended.json

    def deploy(self, name: str, folder: Path, database: FlinkDatabase, *options: str) -> dict[str, Any]:
        """Deploy the modules of a folder as a job, or update the job."""
        where = (
            "--name",
            self.deployment(name),
            "--python",
            MODULE,
            "--python-folder",
            str(folder),
            "--parallelism",
            "2",
        )
        settings = ("--watch", "2", "--set", "execution.checkpointing.interval=500 ms", *options)
        ended = self.cli("flink", "deploy", "--json", *where, *settings, "--", *database.arguments, **self.environment)
        assert ended.code == 0, ended.stderr
        return ended.json

    def flink(self, command: str, name: str) -> None:
        """Give a command about a deployment, which must succeed."""
        ended = self.cli("flink", command, "--name", self.deployment(name), **self.environment)
        assert ended.code == 0, ended.stderr

    def deployment(self, name: str) -> str:
        """Return the name of a deployment of this test run: the project folder holds those of other runs, too."""
        return f"test-{os.getpid()}-{name}"

    def diff(self, one: str, other: str, tables: Iterable[str] = ()) -> Ended:
        """Compare two runs or databases, with only some tables if they are named."""
        only = [part for table in tables for part in ("--table", table)]
        return self.cli("diff", one, other, "--json", *only, **self.environment)

    def service(self, name: str) -> ServiceState:
        state = read_state(self.spec.root)
        assert state is not None
        return next(entry for entry in state.services if entry.name == name)

    def kill(self, name: str) -> None:
        """Kill a process of the cluster, and wait until there is another one."""
        before = self.service(name)
        os.kill(before.process.pid, signal.SIGKILL)

        def look() -> Probe:
            after = self.service(name)
            return Probe(after.process != before.process and is_alive(after.process), f"another {name}")

        wait_until(look, timeout=CHANGE_SEC, message=f"another {name}", hint="")

    def wait_until_running(self, job_id: str) -> None:
        def look() -> Probe:
            try:
                with FlinkClient(self.state.flink) as client:
                    job = client.find_job(job_id)
            except UnreachableError:
                return Probe(False, "an answer of the job manager")
            running = job is not None and job.state == "RUNNING" and job.vertices
            whole = running and all(vertex.tasks.get("RUNNING", 0) == vertex.parallelism for vertex in job.vertices)
            return Probe(bool(whole), "all tasks")

        wait_until(look, timeout=CHANGE_SEC, message=f"job {job_id} to run", hint="")


@pytest.fixture(scope="module")
def cluster(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("flink")
    flink = FlinkSpec(task_managers=2, restarts=True, high_availability=str(folder / "ha"), checkpoint_interval_ms=500)
    spec = StackSpec(
        "flink", str(folder / "stack"), str(cache_dir), str(home), kafka_kind="mock", owner=own_identity(), flink=flink
    )
    cli = Cli(folder / "artifacts", {**os.environ, "STREAMPROOF_ARTIFACTS": str(folder / "artifacts")})
    with restartable_broker(_made(folder / "broker"), home, cache_dir) as broker:
        try:
            yield Cluster(spec, start_stack(spec, timeout=START_SEC), broker, cli)
        finally:
            stop_stack(spec.root, timeout=30)
            for left in (home / "artifacts/deployments").glob(f"test-{os.getpid()}-*"):
                shutil.rmtree(left)


@pytest.fixture(scope="module")
def projections(home: Path) -> list[str]:
    """The pack's projections, but for the raw table: nothing fills that of a reference."""
    pack = load_pack(home, "livepeer")
    return [found.name for found in read_projections(pack.sql_dir / "content", pack.layers) if found.name != RAW]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def build_in(folder: Path, home: Path) -> Path:
    """Copy the pipeline's modules, as a build of their own."""
    shutil.copytree(home / "include/pipelines", folder / "pipelines", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize("fixture_set", ["golden", "hostile"])
def test_a_run_on_flink_has_the_content_of_a_local_run(cluster: Cluster, fixture_set: str) -> None:
    """Four partitions, two task managers: how they interleave does not show."""
    wide = ("--partitions", "4", "--parallelism", "2")
    on_flink = cluster.run("--processor", "flink", *wide, "--manifest", fixture_set)
    assert on_flink["rungs"] == SIX_RUNGS
    facts = on_flink["stack"]["flink"]
    assert (facts["version"], facts["parallelism"], facts["restarts"], facts["state"]) == ("2.3.0", 2, 0, "RUNNING")
    assert facts["checkpoints"]["completed"] > 0
    assert facts["checkpoints"]["last"]["bytes"] > 0
    local = cluster.run("--manifest", fixture_set, "--suites", "raw_typed")
    assert "flink" not in local["stack"]
    same = cluster.diff(local["run_id"], on_flink["run_id"])
    assert (same.code, same.json["equal"]) == (0, True), same.stdout[:5000]


def test_many_events_in_four_partitions_become_the_content_of_the_local_runner(
    cluster: Cluster, home: Path, tmp_path: Path, projections: list[str]
) -> None:
    made = cluster.cli("fixtures", "generate", "load", "--events", "40000", "--out", str(tmp_path / "set"))
    assert made.code == 0, made.stderr
    events = events_of(home, tmp_path / "set" / "manifest.json")
    with _database(cluster, home, "many") as database:
        database.publish(events)
        cluster.deploy("many", build_in(tmp_path / "build", home), database)
        database.fill_reference("many_local", events)
        database.wait_until_drained()
        same = cluster.diff("db:many_local", "db:many", projections)
        assert same.code == 0, same.stdout[:5000]
        database.change(CHANGED_SESSION)
        changed = cluster.diff("db:many_local", "db:many", projections)
        assert changed.code == 1
        assert changed.json["first"] == {"layer": "sessions", "table": "v_latest_sessions"}, changed.stdout[:5000]
        cluster.flink("cancel", "many")


def test_nothing_is_lost_or_repeated_when_everything_around_the_job_fails(
    cluster: Cluster, home: Path, tmp_path: Path, projections: list[str]
) -> None:
    """A sixth of the events each: undisturbed, then a failure, each one drained before the next."""
    made = cluster.cli("fixtures", "generate", "load", "--events", "3000", "--out", str(tmp_path / "set"))
    assert made.code == 0, made.stderr
    events = [
        *events_of(home, tmp_path / "set" / "manifest.json"),
        *events_of(home, home / "include/fixtures/livepeer/hostile/manifest.json"),
    ]
    parts = [events[number * 500 : (number + 1) * 500] for number in range(5)] + [events[2500:]]
    old, new = build_in(tmp_path / "old", home), build_in(tmp_path / "new", home)
    rejects = new / "pipelines/livepeer/rejects.py"
    rejects.write_text(rejects.read_text().replace('SCHEMA_VERSION = "v1"', 'SCHEMA_VERSION = "v2"'))
    with _database(cluster, home, "drills") as database:
        database.publish(parts[0])
        job_id = cluster.deploy("drills", old, database)["job_id"]
        database.wait_until_drained()

        database.publish(parts[1])
        cluster.kill("flink-taskmanager-1")
        cluster.wait_until_running(job_id)
        database.wait_until_drained()

        database.publish(parts[2])
        cluster.kill("flink-jobmanager")
        cluster.wait_until_running(job_id)
        database.wait_until_drained()

        cluster.broker.kill()
        cluster.broker.start()
        database.publish(parts[3])
        database.wait_until_drained()

        _pause_clickhouse_while(cluster, job_id, lambda: database.publish(parts[4]))
        database.wait_until_drained()

        update = cluster.deploy("drills", new, database)
        assert update["savepoint"]
        assert update["job_id"] != job_id
        database.publish(parts[5])
        database.wait_until_drained()

        database.fill_reference("drills_local", [event for part in parts for event in part])
        # The rejects are of two builds.
        same = cluster.diff("db:drills_local", "db:drills", [name for name in projections if name not in REJECTS])
        assert same.code == 0, same.stdout[:5000]
        # The build before wrote v1: the new code runs, although the task managers had the old modules.
        versions = database.query("SELECT DISTINCT schema_version AS v FROM streaming_events_dlq")
        assert versions == [{"v": "v2"}]
        cluster.flink("stop", "drills")


def _database(cluster: Cluster, home: Path, name: str) -> AbstractContextManager[FlinkDatabase]:
    return flink_database(name, home, cluster.broker.bootstrap_servers, cluster.state.clickhouse)


def _pause_clickhouse_while(cluster: Cluster, job_id: str, act: Callable[[], None]) -> None:
    """Keep ClickHouse from answering for twenty seconds; the job runs on."""
    process = cluster.service("clickhouse").process
    os.kill(process.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        act()

        def look() -> Probe:
            with FlinkClient(cluster.state.flink) as client:
                assert client.job(job_id).state == "RUNNING"
            return Probe(time.monotonic() - started > AWAY_SEC, "twenty seconds")

        wait_until(look, timeout=AWAY_SEC + 10, message="twenty seconds to pass", hint="")
    finally:
        os.kill(process.pid, signal.SIGCONT)
