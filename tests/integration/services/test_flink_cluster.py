"""Two real Flink clusters side by side: what they offer, what becomes of a killed process, and what they leave."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import yaml

from streamproof.flink.bundle import ENTRY_CLASS, make_bundle, python_arguments
from streamproof.flink.client import FlinkClient
from streamproof.flink.rest import UnreachableError
from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.flink_home import flink_home
from streamproof.runtime.process import is_alive
from streamproof.runtime.stack import StackSpec, own_identity, read_state, stack_is_alive, start_stack, stop_stack
from streamproof.runtime.stack_spec import FlinkSpec

pytestmark = pytest.mark.engine
# Both clusters start at once, and a new machine installs Flink first.
START_SEC, CHANGE_SEC = 180.0, 180.0
JOB = """
import time

from pyflink.common import Types, WatermarkStrategy
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.number_seq import NumberSequenceSource


def main() -> None:
    env = StreamExecutionEnvironment.get_execution_environment()
    numbers = env.from_source(NumberSequenceSource(1, 2**62), WatermarkStrategy.no_watermarks(), "numbers")
    # The pause leaves the processors to the other processes of the test.
    digits = numbers.map(lambda number: time.sleep(0.02) or number % 10, output_type=Types.LONG())
    digits.key_by(lambda digit: digit).reduce(lambda one, other: one).filter(lambda _: False).print()
    env.execute("counting")


main()
"""


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, home: Path) -> dict[str, StackSpec]:
    root = tmp_path_factory.mktemp("flink")
    clusters = {
        "plain": FlinkSpec(task_managers=2),
        "restarting": FlinkSpec(restarts=True, high_availability=str(root / "ha"), checkpoint_interval_ms=500),
    }
    return {
        name: StackSpec(
            name, str(root / name), str(cache_dir), str(home), kafka_kind="mock", owner=own_identity(), flink=flink
        )
        for name, flink in clusters.items()
    }


@pytest.fixture(scope="module")
def stacks(specs: dict[str, StackSpec]) -> Iterator[dict[str, StackState]]:
    """Both stacks, started at the same time."""
    try:
        with ThreadPoolExecutor(2) as pool:
            states = pool.map(lambda spec: start_stack(spec, timeout=START_SEC), specs.values())
            yield dict(zip(specs, states, strict=True))
    finally:
        for spec in specs.values():
            stop_stack(spec.root, timeout=30)


def client_of(state: StackState) -> FlinkClient:
    assert state.flink is not None
    return FlinkClient(state.flink)


def now(spec: StackSpec) -> StackState:
    state = read_state(spec.root)
    assert state is not None
    return state


def service(state: StackState, name: str) -> ServiceState:
    return next(entry for entry in state.services if entry.name == name)


def kill(spec: StackSpec, name: str) -> None:
    """Kill a process of a cluster that is restarted, and wait until there is another one."""
    before = service(now(spec), name)
    os.kill(before.process.pid, signal.SIGKILL)

    def look() -> Probe:
        after = service(now(spec), name)
        return Probe(after.process != before.process and is_alive(after.process), f"another {name}")

    wait_until(look, timeout=CHANGE_SEC, message=f"another {name}", hint="")


def wait_for(client: FlinkClient, what: str, holds: Callable[[FlinkClient], bool]) -> None:
    def look() -> Probe:
        with suppress(UnreachableError):
            return Probe(holds(client), what)
        return Probe(False, "an answer")

    wait_until(look, timeout=CHANGE_SEC, message=what, hint="")


def listening(state: StackState) -> set[tuple[str, int]]:
    """The addresses on which the processes of a stack's cluster listen."""
    pids = [entry.process.pid for entry in state.services if entry.name.startswith("flink")]
    found = [connection for pid in pids for connection in psutil.Process(pid).net_connections("inet")]
    return {tuple(connection.laddr) for connection in found if connection.status == psutil.CONN_LISTEN}


def test_two_clusters_offer_their_slots_side_by_side_on_loopback(stacks):
    states = stacks.values()
    for state, count in zip(states, (2, 1), strict=True):
        with client_of(state) as client:
            overview = client.overview()
        assert (overview.version, overview.task_managers, overview.free_slots) == ("2.3.0", count, count)
        workers = [entry for entry in state.services if entry.name.startswith("flink-taskmanager-")]
        assert len(workers) == count
        assert workers[0].version.startswith(f"2.3.0 (Apache Flink, {count} x 1 slots, JRE ")
    plain, restarting = map(listening, states)
    assert {host.removeprefix("::ffff:") for host, _ in plain | restarting} == {"127.0.0.1"}
    assert not {port for _, port in plain} & {port for _, port in restarting}
    assert {service(stacks["plain"], "flink-jobmanager").ports["flink_rest"]} <= {port for _, port in plain}


def test_a_killed_process_is_started_again_and_its_job_goes_on(stacks, specs, tmp_path):
    """With high availability also the job manager: its successor finds jobs and checkpoints on the disk."""
    spec = specs["restarting"]
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "counting.py").write_text(JOB)
    bundle = make_bundle("counting", tmp_path / "job", tmp_path, module="counting")
    with client_of(stacks["restarting"]) as client:
        jar = client.upload(bundle)
        arguments = python_arguments("counting", bundle=jar.path)
        job = client.run(jar.id, entry_class=ENTRY_CLASS, arguments=arguments)
        wait_for(client, "a checkpoint", lambda flink: flink.checkpoints(job).counts.completed > 0)

        made = client.checkpoints(job).counts.completed
        kill(spec, "flink-taskmanager-1")
        wait_for(client, "the job on its new task manager", lambda flink: _went_on(flink, job, made + 1))
        assert client.restarts(job) > 0

        kill(spec, "flink-jobmanager")
        # It counts anew.
        wait_for(client, "the job of the new job manager", lambda flink: _went_on(flink, job, 0))
        assert client.overview().free_slots == 0
    assert now(spec).status == "ready"


def _went_on(client: FlinkClient, job: str, checkpoints: int) -> bool:
    """Whether a job was restored, runs, and has made more checkpoints than these."""
    found = client.find_job(job)
    if found is None or found.state != "RUNNING":
        return False
    counts = client.checkpoints(job).counts
    return counts.restored > 0 and counts.completed > checkpoints


def test_containers_start_flink_with_the_options_that_it_needs(stacks, home, cache_dir):
    """Those of the version that is installed: the file for containers holds a copy."""
    shipped = yaml.safe_load((flink_home(home, cache_dir).root / "conf/config.yaml").read_text())
    container = yaml.safe_load((home / "include/stack/flink/container.yaml").read_text())
    assert container["env.java.opts.all"] == shipped["env"]["java"]["opts"]["all"]


def test_a_dead_task_manager_is_the_end_of_a_stack_that_restarts_nothing(stacks, specs):
    spec = specs["plain"]
    os.kill(service(stacks["plain"], "flink-taskmanager-1").process.pid, signal.SIGKILL)

    look = lambda: Probe(now(spec).status == "failed", "failed")  # noqa: E731
    wait_until(look, timeout=CHANGE_SEC, message="the failure", hint="")

    assert now(spec).error == "Service flink-taskmanager-1 was killed by signal 9 during the run."


def test_nothing_stays_behind(stacks, specs):
    for name, spec in specs.items():
        state = now(spec)
        stop_stack(spec.root, timeout=30)
        assert not any(is_alive(entry.process) for entry in state.services), name
        assert not stack_is_alive(state)
        assert not spec.data.exists()
        processes = psutil.process_iter(["cmdline"])
        assert [process.pid for process in processes if str(spec.root) in str(process.info["cmdline"])] == []


def test_a_configuration_that_flink_refuses_is_one_error_with_its_log(specs, tmp_path):
    flink = FlinkSpec(restarts=True, options={"blob.server.port": "none"})
    spec = replace(specs["plain"], folder=str(tmp_path / "refused"), flink=flink)

    named = (
        'Service flink-jobmanager ended with code 1 while starting: .*NumberFormatException: For input string: "none"'
    )
    with pytest.raises(StackError, match=named):
        start_stack(spec, timeout=START_SEC)

    assert not spec.data.exists()
