"""The configuration of a Flink cluster and the command lines of its processes.

Flink's own shell scripts are not used: each starts two more JVMs to compute options that are constant here.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.model.errors import StackError
from streamproof.runtime.files import fill_template, filled_jinja, stack_files
from streamproof.runtime.flink_home import FlinkHome
from streamproof.runtime.java import find_java, java_version
from streamproof.runtime.stack_spec import (
    FLINK_REST_PORT,
    FLINK_RPC_PORT,
    FLINK_ZOOKEEPER_PORT,
    FlinkSpec,
    StackSpec,
)

NAME = "flink"
JOB_MANAGER, TASK_MANAGER, ZOOKEEPER = "flink-jobmanager", "flink-taskmanager", "flink-zookeeper"
# Sizes in MB. Managed memory is for RocksDB and Python in process mode; in thread mode, operators ask for a little.
FRAMEWORK_HEAP_MB, FRAMEWORK_OFF_HEAP_MB, NETWORK_MB, MANAGED_MB, METASPACE_MB = 128, 128, 64, 64, 256
JOB_MANAGER_HEAP_MB, ZOOKEEPER_HEAP_MB = 448, 64
# A job manager that was killed is replaced this long after its last sign of life.
ZOOKEEPER_SESSION_MS = 6_000
_JOB_MANAGER_CLASS = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASK_MANAGER_CLASS = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_ZOOKEEPER_CLASS = "org.apache.flink.shaded.zookeeper3.org.apache.zookeeper.server.ZooKeeperServerMain"
# Folders that the configuration names by URI.
_BY_URI = ("checkpoints", "savepoints", "high_availability")
# What a child gets from the environment. A PYTHONPATH of this project must not reach the Python of Flink.
_PASSED_ON = ("HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class FlinkSetup:
    """A cluster whose configuration is written: how to start its processes. `java_options` are those of Flink."""

    home: FlinkHome
    config: Path
    logs: Path
    java: Path
    java_version: str
    java_options: tuple[str, ...]
    task_heap_mb: int

    def job_manager(self) -> list[str]:
        """Return the command line of the job manager."""
        sizes = _sizes(JOB_MANAGER_HEAP_MB, METASPACE_MB)
        # Its own code runs once: the second compiler would cost more than it saves.
        options = [*sizes, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return self._java(JOB_MANAGER, options, _JOB_MANAGER_CLASS, "--configDir", str(self.config))

    def task_manager(self, name: str) -> list[str]:
        """Return the command line of a task manager, which the REST interface shows by `name`."""
        direct = FRAMEWORK_OFF_HEAP_MB + NETWORK_MB
        options = [
            *_sizes(FRAMEWORK_HEAP_MB + self.task_heap_mb, METASPACE_MB),
            f"-XX:MaxDirectMemorySize={direct}m",
            "-XX:+UseG1GC",
        ]
        arguments = ("--configDir", str(self.config), "-D", f"taskmanager.resource-id={name}")
        return self._java(name, options, _TASK_MANAGER_CLASS, *arguments)

    def zookeeper(self) -> list[str]:
        """Return the command line of ZooKeeper."""
        options = [*_sizes(ZOOKEEPER_HEAP_MB), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return self._java(ZOOKEEPER, options, _ZOOKEEPER_CLASS, str(self.config / "zoo.cfg"))

    def _java(self, name: str, options: Sequence[str], main: str, *arguments: str) -> list[str]:
        log = f"-Dlog4j2.configurationFile={self.config / 'log4j2.properties'}"
        # The REST interface shows this file. Only the supervisor writes it.
        shown = f"-Dlog.file={self.logs / name}.log"
        command = [str(self.java), *options, "-XX:-UsePerfData", *self.java_options, log, shown]
        return [*command, "-cp", self.home.class_path, main, *arguments]

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of its processes; `env` is that of the supervisor."""
        root = self.home.root
        return {
            **{name: env[name] for name in _PASSED_ON if name in env},
            # pemja looks for libpython through the first `python3` of the path.
            "PATH": f"{self.home.environment / 'bin'}:{env.get('PATH', '')}",
            "VIRTUAL_ENV": str(self.home.environment),
            "JAVA_HOME": str(self.java.parent.parent),
            "FLINK_HOME": str(root),
            "FLINK_CONF_DIR": str(self.config),
            "FLINK_BIN_DIR": str(root / "bin"),
            "FLINK_LIB_DIR": str(root / "lib"),
            "FLINK_OPT_DIR": str(root / "opt"),
            "FLINK_PLUGINS_DIR": str(root / "plugins"),
        }


def flink_setup(spec: StackSpec, flink: FlinkSpec, home: FlinkHome, ports: Mapping[str, int]) -> FlinkSetup:
    """Write the configuration of a stack's cluster and return how to start it.

    Raises StackError for an unusable JRE, or a folder that cannot be made.
    """
    java = find_java(spec.java)
    version = java_version(java)
    config, folders = spec.root / "config" / NAME, _folders(spec.data / NAME, flink)
    java_options = _options_of_flink(home)
    values = {
        **_numbers(flink, ports),
        "python": str(home.python),
        "java_home": str(java.parent.parent),
        "java_options": java_options,
        **{purpose: str(folders[purpose]) for purpose in ("tmp", "upload")},
        **{purpose: folder.as_uri() for purpose, folder in folders.items() if purpose in _BY_URI},
    }
    templates = stack_files(Path(spec.home)) / NAME
    config.mkdir(parents=True, exist_ok=True)
    text = with_options(filled_jinja(templates / "config.yaml.j2", values), flink.options)
    (config / "config.yaml").write_text(text, encoding="utf-8")
    shutil.copyfile(templates / "log4j2.properties", config / "log4j2.properties")
    # Flink's own command line reads it.
    shutil.copyfile(home.root / "conf" / "log4j-cli.properties", config / "log4j-cli.properties")
    if flink.high_availability:
        zookeeper = {"port": ports[FLINK_ZOOKEEPER_PORT], "data_dir": folders["zookeeper"]}
        fill_template(templates / "zoo.cfg", config / "zoo.cfg", zookeeper)
    options = tuple(java_options.split())
    return FlinkSetup(home, config, spec.log(JOB_MANAGER).parent, java, version, options, flink.task_heap_mb)


def with_options(text: str, options: Mapping[str, str]) -> str:
    """Return a configuration with these entries instead of its own of the same name. Flink refuses a name twice."""
    lines = [line for line in text.splitlines() if line.partition(":")[0] not in options]
    return "\n".join([*lines, *(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in options.items()), ""])


def _numbers(flink: FlinkSpec, ports: Mapping[str, int]) -> dict[str, int]:
    """Return the ports, sizes and times of the template; ZooKeeper's port is 0 where there is none."""
    return {
        "rest_port": ports[FLINK_REST_PORT],
        "rpc_port": ports[FLINK_RPC_PORT],
        "zookeeper_port": ports[FLINK_ZOOKEEPER_PORT] if flink.high_availability else 0,
        "session_ms": ZOOKEEPER_SESSION_MS,
        "framework_heap_mb": FRAMEWORK_HEAP_MB,
        "framework_off_heap_mb": FRAMEWORK_OFF_HEAP_MB,
        "network_mb": NETWORK_MB,
        "managed_mb": MANAGED_MB,
        "metaspace_mb": METASPACE_MB,
        "task_heap_mb": flink.task_heap_mb,
        "checkpoint_interval_ms": flink.checkpoint_interval_ms,
    }


def _folders(data: Path, flink: FlinkSpec) -> dict[str, Path]:
    """Make and return the folders of the cluster by purpose. Raises StackError."""
    folders = {
        "tmp": data / "tmp",
        "upload": data / "upload",
        "checkpoints": Path(flink.checkpoints or data / "checkpoints"),
        "savepoints": Path(flink.savepoints or data / "savepoints"),
    }
    if flink.high_availability:
        kept = Path(flink.high_availability)
        folders |= {"high_availability": kept / "storage", "zookeeper": kept / "zookeeper"}
    for purpose, folder in folders.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"Flink's folder for {purpose} cannot be made: {folder}: {error.strerror}.",
                hint="Name a folder that can be written.",
            ) from None
    return folders


def _sizes(heap_mb: int, metaspace_mb: int | None = None) -> list[str]:
    return [f"-Xmx{heap_mb}m", *([f"-XX:MaxMetaspaceSize={metaspace_mb}m"] if metaspace_mb else [])]


def _options_of_flink(home: FlinkHome) -> str:
    """Return the options that Flink needs of a JVM (`--add-opens …`), from the configuration that comes with it."""
    import yaml  # noqa: PLC0415 - only needed by a stack with Flink

    file = home.root / "conf" / "config.yaml"
    try:
        shipped: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return str(shipped["env"]["java"]["opts"]["all"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise StackError(
            f"{file} does not say which options Flink needs of a JVM: {type(error).__name__}.",
            hint=f"Remove {home.folder}: Flink is installed again.",
        ) from None
