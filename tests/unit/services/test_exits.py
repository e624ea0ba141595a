"""What the supervisor does when a process ends by itself: report it, or start it again, but not for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.flink_home import FlinkHome
from streamproof.runtime.process import Child, own_identity
from streamproof.runtime.stack_spec import FlinkSpec, StackSpec
from streamproof.runtime.state_file import StateFile
from streamproof.services.exits import first_exit
from streamproof.services.flink_cluster import MOST_RESTARTS, FlinkCluster
from streamproof.services.flink_setup import FlinkSetup

NAME = "flink-taskmanager-1"
ENDS_AT_ONCE = ["sh", "-c", "echo it ends; exit 3"]


@pytest.fixture
def cluster(tmp_path: Path, home: Path):
    """A function that makes a cluster whose one process ends at once, with the stack's state file."""

    def make(**flink) -> tuple[FlinkCluster, StateFile]:
        spec = StackSpec("t", str(tmp_path / "stack"), str(tmp_path), str(home), flink=FlinkSpec(**flink))
        found = FlinkCluster.of(spec, {}, {"PATH": "/usr/bin:/bin"})
        installed = FlinkHome(tmp_path)
        (installed.environment / "lib/python3.11/site-packages/pyflink").mkdir(parents=True)
        found._setup = FlinkSetup(installed, tmp_path, tmp_path, Path("/jre/bin/java"), "21", (), 512)
        found._commands[NAME] = ENDS_AT_ONCE
        services = (ServiceState(NAME, None, {}, "", "2.3.0"),)
        state = StackState("t", "ready", own_identity(), "mock", "", "h", 1, 2, "u", services)
        return found, StateFile(spec, state)

    return make


def ended(cluster: FlinkCluster, state_file: StateFile) -> StackError:
    async def run() -> StackError:
        await cluster._launch(NAME)
        return await first_exit(list(cluster.children), state_file, cluster.restart)

    return asyncio.run(run())


def test_a_process_that_ends_again_and_again_is_the_end_of_the_stack(cluster):
    found, state_file = cluster(restarts=True)

    error = ended(found, state_file)

    assert error.message == f"Service {NAME} ended with code 3 during the run."
    log = found.spec.log(NAME)
    assert log.read_text().splitlines() == ["it ends"] * (1 + MOST_RESTARTS)
    # The state file names the last one, and only that one is stopped.
    [child] = found.children
    assert isinstance(child, Child)
    assert state_file.state.services[0].process == child.identity


def test_a_cluster_that_is_no_drill_starts_nothing_again(cluster):
    found, state_file = cluster()

    assert ended(found, state_file).message == f"Service {NAME} ended with code 3 during the run."
    assert found.spec.log(NAME).read_text().splitlines() == ["it ends"]
    assert state_file.state.services[0].process is None


def test_a_start_that_fails_is_the_end_of_the_stack(cluster, monkeypatch):
    found, state_file = cluster(restarts=True)

    async def fails(_self, _ended):
        raise StackError("No more processes.", hint="")

    monkeypatch.setattr(FlinkCluster, "restart", fails)
    assert ended(found, state_file).message == f"Service {NAME} ended with code 3 during the run."
