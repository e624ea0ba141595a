"""Deployments of jars that nobody here wrote on a real cluster: updated with their state, undone when they fail."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamproof.flink.client import FlinkClient
from streamproof.flink.deploying.opening import jar_build, opened, python_build
from streamproof.flink.deploying.record import Outcome
from streamproof.flink.deploying.work import Gate, Limits
from streamproof.model.errors import EXIT_CHECK_FAILED, FlinkError
from streamproof.model.settings import FlinkSettings
from streamproof.model.stack import StackState
from streamproof.model.waiting import Probe, wait_until

pytestmark = pytest.mark.engine
EXAMPLES = "org.apache.flink.streaming.examples."
CARS = EXAMPLES + "windowing.TopSpeedWindowing"
MACHINES = EXAMPLES + "statemachine.StateMachineExample"
SOCKET = EXAMPLES + "socket.SocketWindowWordCount"
NO_RESTART = {"restart-strategy.type": "none"}
ENDLESS = {
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "1000000",
    "restart-strategy.fixed-delay.delay": "100 ms",
}
LIMITS = Limits(savepoint=30, start=40, watch=1, reach=20)


class Deployer:
    """Who deploys; every operation opens the deployment anew."""

    def __init__(self, settings: FlinkSettings, folder: Path, jar: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.jar = jar

    def deploy(
        self,
        entry_class: str,
        *arguments: str,
        jar: Path | None = None,
        gate: Gate | None = None,
        parallelism: int | None = None,
        configuration: dict[str, str] | None = None,
        **options: Any,
    ) -> Outcome:
        with opened(self.settings, self.folder, "cars", limits=LIMITS, gate=gate) as deployment:
            build = jar_build(
                deployment.work.store,
                jar or self.jar,
                entry_class=entry_class,
                arguments=arguments,
                parallelism=parallelism,
                configuration=configuration,
            )
            deployment.deploy(build, **options)
            return deployment.run()

    def operate(self, kind: str, **options: Any) -> Outcome:
        with opened(self.settings, self.folder, "cars", limits=LIMITS) as deployment:
            getattr(deployment, kind)(**options)
            return deployment.run()

    @property
    def current(self) -> str:
        with opened(self.settings, self.folder, "cars") as deployment:
            assert deployment.work.record.current is not None
            return deployment.work.record.current.job_id


@pytest.fixture
def deployer(
    flink_client: FlinkClient, flink_settings: FlinkSettings, tmp_path: Path, example_jars: tuple[Path, Path]
) -> Deployer:
    return Deployer(flink_settings, tmp_path / "artifacts" / "deployments", example_jars[1])


def restored_from(client: FlinkClient, job_id: str) -> str | None:
    """The savepoint that a job has really started from, as Flink tells it."""
    found = client.checkpoints(job_id).latest.restored
    return found.path if found else None


def running(client: FlinkClient) -> list[str]:
    return [job.id for job in client.jobs() if not job.ended]


def refused(client: FlinkClient, deployer: Deployer, attempt: Callable[[], object]) -> FlinkError:
    """The error of an attempt, after which the job of before runs again from its savepoint."""
    with pytest.raises(FlinkError) as failed:
        attempt()
    assert failed.value.hint
    assert "\tat " not in failed.value.message
    assert running(client) == [deployer.current]
    assert client.job(deployer.current).name == "CarTopSpeedWindowingExample"
    return failed.value


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_jar_nobody_here_wrote_is_run_updated_stopped_and_restored(flink_client, deployer):
    first = deployer.deploy(CARS)
    assert first.status == "deployed"
    assert restored_from(flink_client, first.job_id) is None

    second = deployer.deploy(CARS, "--windowSize", "5")
    assert running(flink_client) == [second.job_id]
    assert restored_from(flink_client, second.job_id) == second.savepoint
    assert flink_client.state(first.job_id) == "FINISHED"

    stopped = deployer.operate("stop")
    assert running(flink_client) == []
    third = deployer.deploy(CARS)
    assert restored_from(flink_client, third.job_id) == stopped.savepoint

    rolled_back = deployer.operate("cancel")
    assert (rolled_back.status, running(flink_client)) == ("cancelled", [])
    assert flink_client.state(third.job_id) == "CANCELED"


def test_a_command_that_is_killed_between_two_requests_is_gone_on_with(flink_client, deployer, home, tmp_path):
    first = deployer.deploy(CARS)
    (tmp_path / "include").symlink_to(home / "include")
    asked = ["--name", "cars", "--jar", str(deployer.jar), "--entry-class", CARS, "--watch", "1"]
    command = [sys.executable, "-m", "streamproof", "flink", "deploy", *asked, "--", "--windowSize", "5"]
    env = {**os.environ, "STREAMPROOF_HOME": str(tmp_path), "FLINK_REST": deployer.settings.url}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as killed:
        assert killed.stderr is not None
        said = next((line for line in killed.stderr if line.startswith("Savepoint ")), "")
        killed.kill()
    assert said
    assert killed.returncode == -signal.SIGKILL
    taken = said.split()[1]

    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    [job_id] = running(flink_client)
    assert restored_from(flink_client, job_id) == taken
    mine = [job.id for job in flink_client.jobs() if job.started >= flink_client.job(first.job_id).started]
    assert sorted(mine) == sorted([first.job_id, job_id])


def test_a_rollback_and_a_gate_that_fails(flink_client, deployer):
    first = deployer.deploy(CARS)
    second = deployer.deploy(CARS, "--windowSize", "5")

    error = refused(
        flink_client, deployer, lambda: deployer.deploy(CARS, "--windowSize", "6", gate=lambda _job: "smoke run failed")
    )
    assert "The gate did not pass: smoke run failed" in error.message
    assert error.exit_code == EXIT_CHECK_FAILED

    rolled_back = deployer.operate("roll_back")
    assert rolled_back.status == "rolled back"
    assert restored_from(flink_client, rolled_back.job_id) == second.savepoint
    assert first.job_id not in running(flink_client)


def test_mistakes_that_are_found_before_the_job_is_stopped(flink_client, deployer, example_jars):
    first = deployer.deploy(CARS)

    missing = refused(flink_client, deployer, lambda: deployer.deploy("no.Where"))
    assert "no.Where: java.lang.ClassNotFoundException: no.Where" in missing.message
    assert "does not hold the entry class no.Where" in missing.hint

    full = refused(flink_client, deployer, lambda: deployer.deploy(CARS, parallelism=3))
    assert "has 2 free slots of 2, and job 'CarTopSpeedWindowingExample' needs 3" in full.message

    old = refused(flink_client, deployer, lambda: deployer.deploy(MACHINES, jar=example_jars[0]))
    assert "made for this version of Flink" in old.hint, old.message

    unwritable = refused(
        flink_client, deployer, lambda: deployer.deploy(CARS, "--windowSize", "5", folder="file:///proc/nowhere")
    )
    assert "java.io.IOException: Failed to create savepoint directory at file:/proc/nowhere" in unwritable.message
    assert "keeps running" in unwritable.message
    assert deployer.current == first.job_id


def test_a_savepoint_of_an_incompatible_build(flink_client, deployer):
    first = deployer.deploy(CARS)

    error = refused(flink_client, deployer, lambda: deployer.deploy(MACHINES))
    assert "Cannot map checkpoint/savepoint state" in error.message
    assert "runs again as job" in error.message
    assert "--allow-non-restored-state" in error.hint
    assert deployer.current != first.job_id
    assert restored_from(flink_client, deployer.current) in error.message

    forced = deployer.deploy(MACHINES, allow_non_restored=True)
    assert running(flink_client) == [forced.job_id]


def test_a_job_that_restarts_for_ever_and_one_that_fails_at_once(flink_client, deployer):
    deployer.deploy(CARS)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = str(closed.getsockname()[1])
    attempt = ("--hostname", "127.0.0.1", "--port", port)

    endless = refused(
        flink_client,
        deployer,
        lambda: deployer.deploy(SOCKET, *attempt, savepoint="none", configuration=ENDLESS),
    )
    assert "Job 'Socket Window WordCount'" in endless.message
    assert "times: java.net.ConnectException: Connection refused" in endless.message
    failed = refused(
        flink_client,
        deployer,
        lambda: deployer.deploy(SOCKET, *attempt, savepoint="none", configuration=NO_RESTART),
    )
    assert "has failed: java.net.ConnectException: Connection refused" in failed.message
    assert restored_from(flink_client, deployer.current) in failed.message


def test_a_job_that_fails_after_it_ran(flink_client, deployer, listener):
    deployer.deploy(CARS)
    old = deployer.current

    def break_when_running() -> None:
        """Accept the job's connection, and reset it once all of its tasks run."""
        connection, _ = listener.accept()

        def look() -> Probe:
            jobs = [flink_client.job(job_id) for job_id in running(flink_client) if job_id != old]
            return Probe(any(job.running for job in jobs), "the new job")

        wait_until(look, timeout=40, message="the new job", hint="")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    breaker = threading.Thread(target=break_when_running)
    breaker.start()
    error = refused(
        flink_client,
        deployer,
        lambda: deployer.deploy(
            SOCKET,
            *("--hostname", "127.0.0.1", "--port", str(listener.getsockname()[1])),
            savepoint="none",
            configuration=NO_RESTART,
        ),
    )
    breaker.join()
    assert "has failed: java.net.SocketException: Connection reset" in error.message


COUNTING = """
import sys
from pyflink.common import Types, WatermarkStrategy
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.number_seq import NumberSequenceSource

env = StreamExecutionEnvironment.get_execution_environment()
numbers = env.from_source(NumberSequenceSource(1, 2**62), WatermarkStrategy.no_watermarks(), "numbers").uid("numbers")
divisor = int(sys.argv[1])
numbers.map(lambda number: number % divisor, output_type=Types.LONG()).uid("map").filter(lambda _: False).print()
env.execute("counting")
"""


def test_a_python_job_is_deployed_like_any_other(flink_client, flink_settings, tmp_path):
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "counting.py").write_text(COUNTING)

    def deploy(argument: str) -> Outcome:
        with opened(flink_settings, tmp_path, "counting", limits=LIMITS) as deployment:
            store = deployment.work.store
            deployment.deploy(python_build(store, tmp_path / "job", "counting", arguments=[argument]))
            return deployment.run()

    with pytest.raises(FlinkError, match=r"ValueError: invalid literal for int.*Nothing runs"):
        deploy("x")
    deployed = deploy("10")
    assert running(flink_client) == [deployed.job_id]
    assert flink_client.job(deployed.job_id).name == "counting"


@pytest.mark.parametrize(
    ("service", "message"),
    [("clickhouse", "is not the REST interface of Flink"), ("kafka", "cannot be reached|is no HTTP")],
)
def test_an_address_that_is_something_else(flink_stack: StackState, service, message):
    address = flink_stack.kafka.bootstrap_servers if service == "kafka" else flink_stack.clickhouse.url[7:]

    with (
        FlinkClient(FlinkSettings(f"http://{address}")) as client,
        pytest.raises(FlinkError, match=f"http://{address} ({message})") as failed,
    ):
        client.overview()

    assert "address of Flink's REST interface" in failed.value.hint
