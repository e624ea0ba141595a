"""What the processes of a Flink cluster are told: their configuration, command lines and environment."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from streamproof.model.errors import StackError
from streamproof.model.formats.json_data import from_json
from streamproof.model.stack import StackState
from streamproof.runtime.flink_home import FlinkHome
from streamproof.runtime.process import own_identity
from streamproof.runtime.stack_spec import FlinkSpec, StackSpec
from streamproof.services import flink_setup as module
from streamproof.services.flink_cluster import FlinkCluster
from streamproof.services.flink_setup import FlinkSetup, flink_setup

PORTS = {"flink_rest": 8081, "flink_rpc": 6123, "flink_zookeeper": 2181}
OPENS = "--add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.net=ALL-UNNAMED"


@pytest.fixture
def spec(home: Path, tmp_path: Path) -> StackSpec:
    return StackSpec("t", str(tmp_path / "my stack"), str(tmp_path / "cache"), str(home), flink=FlinkSpec())


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlinkHome:
    """An installation with the files that a set-up reads, and a JRE that need not be started."""
    monkeypatch.setattr(module, "java_version", lambda _java: "21.0.8")
    found = FlinkHome(tmp_path / "flink")
    root = found.environment / "lib/python3.11/site-packages/pyflink"
    for name in ("lib/flink-dist-2.3.0.jar", "lib/flink-cep-2.3.0.jar", "conf/log4j-cli.properties"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "conf/config.yaml").write_text(f"env:\n  java:\n    opts:\n      all: {OPENS}\n")
    return found


@pytest.fixture
def made(spec: StackSpec, installed: FlinkHome):
    """A function that makes a set-up and returns it with its configuration."""

    def make(**changes) -> tuple[FlinkSetup, dict]:
        setup = flink_setup(spec, FlinkSpec(**changes), installed, PORTS)
        return setup, yaml.safe_load((setup.config / "config.yaml").read_text())

    return make


def test_everything_listens_on_loopback_and_writes_below_the_stack(made, spec):
    _, config = made(checkpoint_interval_ms=1234)

    hosts = {name: value for name, value in config.items() if name.endswith(("host", "address"))}
    assert set(hosts.values()) == {"127.0.0.1"}
    assert len(hosts) == 6
    assert (config["rest.port"], config["rest.bind-port"], config["jobmanager.rpc.port"]) == (8081, "8081", 6123)
    folders = ("io.tmp.dirs", "web.upload.dir", "web.tmpdir", "blob.storage.directory", "process.working-dir")
    assert {Path(config[name]).is_relative_to(spec.data) for name in folders} == {True}
    for name in ("execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"):
        assert config[name].startswith(spec.data.as_uri())
    assert config["execution.checkpointing.interval"] == "1234ms"
    assert (config["restart-strategy.type"], config["restart-strategy.fixed-delay.attempts"]) == ("fixed-delay", 10)
    assert (config["python.execution-mode"], config["taskmanager.numberOfTaskSlots"]) == ("thread", 1)
    assert config["env.java.opts.all"] == OPENS
    assert not any(name.startswith("high-availability") for name in config)


def test_own_folders_and_options_are_taken(made, tmp_path):
    _, config = made(
        savepoints=str(tmp_path / "a b"), options={"state.backend.type": "rocksdb", "x.y": 'quoted "text"'}
    )

    assert config["execution.checkpointing.savepoint-dir"] == (tmp_path / "a b").as_uri()
    assert (tmp_path / "a b").is_dir()
    assert (config["state.backend.type"], config["x.y"]) == ("rocksdb", 'quoted "text"')


def test_keys_are_there_once(made):
    setup, _ = made(options={"state.backend.type": "rocksdb"})
    lines = (setup.config / "config.yaml").read_text().splitlines()
    keys = [line.partition(":")[0].strip('"') for line in lines if line and not line.startswith("#")]
    assert len(keys) == len(set(keys))


def test_high_availability_is_zookeeper_on_a_folder(made, tmp_path):
    setup, config = made(high_availability=str(tmp_path / "ha"))

    assert config["high-availability.type"] == "zookeeper"
    assert config["high-availability.zookeeper.quorum"] == "127.0.0.1:2181"
    assert config["high-availability.storageDir"] == (tmp_path / "ha/storage").as_uri()
    keeper = (setup.config / "zoo.cfg").read_text()
    assert f"dataDir={tmp_path / 'ha/zookeeper'}\n" in keeper
    assert "clientPortAddress=127.0.0.1\nclientPort=2181\n" in keeper
    assert setup.zookeeper()[-1] == str(setup.config / "zoo.cfg")


def test_command_lines_have_flinks_options_and_its_jars_in_order(made):
    setup, config = made(task_heap_mb=300)
    manager, worker = setup.job_manager(), setup.task_manager("flink-taskmanager-2")

    assert set(OPENS.split()) <= set(manager) & set(worker)
    assert worker[worker.index("-cp") + 1].endswith(
        "flink-cep-2.3.0.jar:" + str(setup.home.root / "lib/flink-dist-2.3.0.jar")
    )
    assert "taskmanager.resource-id=flink-taskmanager-2" in worker
    # Flink checks that the parts of its configuration fit the JVM that it finds itself in.
    sizes = {name: int(config[f"taskmanager.memory.{name}"].removesuffix("m")) for name in (
        "framework.heap.size", "task.heap.size", "framework.off-heap.size", "network.max", "jvm-metaspace.size",
    )}  # fmt: skip
    assert f"-Xmx{sizes['framework.heap.size'] + sizes['task.heap.size']}m" in worker
    assert f"-XX:MaxDirectMemorySize={sizes['framework.off-heap.size'] + sizes['network.max']}m" in worker
    assert f"-XX:MaxMetaspaceSize={sizes['jvm-metaspace.size']}m" in worker


def test_the_environment_is_that_of_flinks_python(made):
    setup, _ = made()
    env = setup.environment({"PATH": "/usr/bin", "HOME": "/h", "PYTHONPATH": "/project", "SECRET": "hush"})

    assert env["PATH"] == f"{setup.home.environment}/bin:/usr/bin"
    assert (env["HOME"], env["FLINK_CONF_DIR"]) == ("/h", str(setup.config))
    assert "PYTHONPATH" not in env
    assert "hush" not in env.values()


def test_folders_and_installations_that_cannot_be_used_are_named(made, installed, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"folder for savepoints cannot be made: .*file/x"):
        made(savepoints=str(tmp_path / "file/x"))
    (installed.root / "conf/config.yaml").write_text("env: {}\n")
    with pytest.raises(StackError, match="does not say which options"):
        made()


def test_a_stack_with_flink_survives_its_files(spec):
    assert from_json(StackSpec, spec.as_json()) == spec
    state = StackState("t", "ready", own_identity(), "broker", "", "h", 1, 2, "u", flink_rest="http://127.0.0.1:1")
    again = from_json(StackState, state.as_json())
    assert again.flink is not None
    assert again.flink.url == "http://127.0.0.1:1"
    older = {name: value for name, value in state.as_json().items() if name != "flink_rest"}
    assert from_json(StackState, older).flink is None


def test_a_flink_that_is_not_installed_is_named(spec):
    with pytest.raises(StackError, match="Flink is not installed"):
        asyncio.run(FlinkCluster.of(spec, PORTS, {}).start(None, 1))
