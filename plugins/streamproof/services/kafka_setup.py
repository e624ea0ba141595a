"""Prepare the broker once per machine: its jars, a class-data archive, and formatted storage in the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from streamproof.model.errors import StackError
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.files import file_lock, fill_template, last_lines, stack_files
from streamproof.runtime.jars import Progress, fetch_jars, read_lock
from streamproof.runtime.java import GC_FLAG, JavaRuntime, find_java, java_version
from streamproof.runtime.ports import LOOPBACK, PortReservation
from streamproof.runtime.process import dying_with_us
from streamproof.transport.kafka.admin import admin_client, look_for_broker

CLUSTER_ID = "c3RyZWFtcHJvb2Ytc3RhYw"
START_TIMEOUT_SEC = 120.0
DUMP_TIMEOUT_SEC = 300
BROKER_OPTIONS = ("-Xms256m", "-Xmx512m")


def jars_lock(home: Path) -> Path:
    """Return the lock file of the stack's jars."""
    return stack_files(home) / "jars.lock"


def kafka_version(home: Path) -> str:
    """Return the version of Kafka that the lock file names."""
    return next(jar.coordinate.version for jar in read_lock(jars_lock(home)) if jar.coordinate.artifact == "kafka_2.13")


@dataclass(frozen=True, slots=True)
class KafkaKit:
    """The prepared files for one JRE and list of jars. They are optional: without them the broker starts slower."""

    folder: Path

    @classmethod
    def of(cls, runtime: JavaRuntime, cache: Path) -> KafkaKit:
        """Return the kit for this JRE, these jars (their names contain their hashes) and this garbage collector."""
        key = "\n".join([str(runtime.program.resolve()), runtime.version, GC_FLAG, runtime.class_path])
        return cls(cache / "kafka" / hashlib.sha256(key.encode()).hexdigest()[:16])

    @property
    def archive(self) -> Path:
        """Return the class-data archive."""
        return self.folder / "classes.jsa"

    @property
    def storage(self) -> Path:
        """Return the formatted, empty storage folder."""
        return self.folder / "storage"

    @property
    def complete(self) -> bool:
        """Return whether both exist. The folder is moved to its path as a whole, so it is never half complete."""
        return self.archive.is_file() and self.storage.is_dir()


def runtime_of(cache: Path, home: Path, java: str | None, progress: Progress | None = None) -> JavaRuntime:
    """Return a verified JRE with the broker's jars, and with the class-data archive if there is one.

    Missing jars are fetched. Raises StackError when the JRE does not start or a jar cannot be fetched.
    """
    program = find_java(java)
    version = java_version(program)
    lock = jars_lock(home)
    jars = fetch_jars(lock, cache, progress) if progress else fetch_jars(lock, cache)
    runtime = JavaRuntime(program, version, jars)
    kit = KafkaKit.of(runtime, cache)
    return replace(runtime, archive=kit.archive) if kit.complete else runtime


def write_broker_files(home: Path, folder: Path, *, data: Path, broker_port: int, controller_port: int) -> Path:
    """Write the broker's configuration into `folder` and return the properties file."""
    templates = stack_files(home) / "kafka"
    properties = folder / "server.properties"
    # Java reads a properties file as Latin-1; the escapes of JSON are valid in it.
    escaped = json.dumps(str(data))[1:-1]
    values = {"broker_port": broker_port, "controller_port": controller_port, "data_dir": escaped}
    fill_template(templates / "server.properties", properties, values)
    shutil.copyfile(templates / "log4j2.properties", folder / "log4j2.properties")
    return properties


def log_option(properties: Path) -> str:
    """Return the JVM option that names the log configuration in the folder of `properties`."""
    return f"-Dlog4j2.configurationFile={properties.with_name('log4j2.properties')}"


def format_command(runtime: JavaRuntime, properties: Path, *options: str) -> list[str]:
    """Return the command that formats a broker's storage."""
    arguments = ("format", "-t", CLUSTER_ID, "-c", str(properties))
    return runtime.command("kafka.tools.StorageTool", *arguments, options=(log_option(properties), *options))


def broker_command(runtime: JavaRuntime, properties: Path, *options: str) -> list[str]:
    """Return the command that runs a broker."""
    return runtime.command("kafka.Kafka", str(properties), options=(log_option(properties), *BROKER_OPTIONS, *options))


def prepare(cache_dir: str | Path, home: str | Path, java: str | None, progress: Progress) -> JavaRuntime:
    """Fetch the jars, and create the class-data archive and formatted storage, unless that is done already.

    Creating them takes about 10 s, once per JRE and lock file. A JRE that cannot dump an archive is reported to
    `progress`, and runs the broker without one. Two set-ups may run at the same time. Raises StackError when the JRE
    does not start or a jar cannot be fetched.
    """
    cache, home = Path(cache_dir), Path(home)
    runtime = runtime_of(cache, home, java, progress)
    kit = KafkaKit.of(runtime, cache)
    if not kit.complete:
        progress(0, 1, "class-data archive")
        with file_lock(cache / "kafka" / ".lock"):
            if not kit.complete:
                _make_kit(runtime, kit, home)
        progress(1, 1, "class-data archive" if kit.complete else "no class-data archive: this JRE cannot make one")
    return replace(runtime, archive=kit.archive) if kit.complete else runtime


def _make_kit(runtime: JavaRuntime, kit: KafkaKit, home: Path) -> None:
    """Run the broker once to list the classes that it loads, dump these, and move the result to the cache."""
    for left_over in kit.folder.parent.glob(".making-*"):
        # This process holds the lock, so the process that created this folder was killed.
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=kit.folder.parent) as text:
        work, product = Path(text), Path(text) / "kit"
        product.mkdir()
        with PortReservation({"broker": 0, "controller": 0}) as reserved:
            properties = write_broker_files(
                home,
                work,
                data=work / "storage",
                broker_port=reserved.ports["broker"],
                controller_port=reserved.ports["controller"],
            )
            classes = work / "classes"
            formatting = work / "format.log"
            if code := _code_of(format_command(runtime, properties), formatting):
                raise _failed(f"formatting its storage ended with code {code}", formatting)
            shutil.copytree(work / "storage", product / "storage")
            command = broker_command(runtime, properties, f"-XX:DumpLoadedClassList={classes}")
            with _running(command, work / "broker.log") as process:
                _wait_for(process, f"{LOOPBACK}:{reserved.ports['broker']}", work / "broker.log")
        options = [f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={product / kit.archive.name}"]
        dump = [str(runtime.program), GC_FLAG, "-Xshare:dump", *options, "-cp", runtime.class_path]
        if _code_of(dump, work / "dump.log") != 0:
            return
        if kit.folder.exists():
            shutil.rmtree(kit.folder)
        product.replace(kit.folder)


def _failed(how: str, log: Path) -> StackError:
    return StackError(f"Set-up of the Kafka broker failed: {how}.", hint=f"Its last lines:\n{last_lines(log)}")


def _code_of(command: list[str], log: Path) -> int:
    with log.open("wb") as out:
        return subprocess.run(
            dying_with_us(command),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            timeout=DUMP_TIMEOUT_SEC,
            check=False,
        ).returncode


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as out,
        subprocess.Popen(dying_with_us(command), stdout=out, stderr=out, stdin=subprocess.DEVNULL) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(START_TIMEOUT_SEC)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(process: subprocess.Popen[bytes], bootstrap_servers: str, log: Path) -> None:
    """Wait until the broker answers, so that all classes of a start are loaded."""
    admin = admin_client(bootstrap_servers)

    def look() -> Probe:
        if process.poll() is not None:
            raise _failed(f"the broker ended with code {process.returncode}", log)
        return look_for_broker(admin)

    wait_until(look, timeout=START_TIMEOUT_SEC, message="the Kafka broker", hint=f"Its last lines:\n{last_lines(log)}")
