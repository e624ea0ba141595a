"""Parts that break: each ends as verdict `error` with exit code 3, one message, a hint, and no process left."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import psutil
import pytest

from streamproof.model.waiting import Probe, wait_until

pytestmark = pytest.mark.system


def state_of(cli, run_id: str) -> dict:
    path = cli.artifacts / run_id / "stack" / "state.json"

    def look() -> Probe:
        ready = path.exists() and json.loads(path.read_text())["status"] == "ready"
        return Probe(ready, "the stack is not ready")

    wait_until(look, timeout=60, message="the run's stack", hint="")
    return json.loads(path.read_text())


def assert_error(ended, cli, *words: str) -> dict:
    assert ended.code == 3, ended.stderr
    assert "Traceback" not in ended.stderr
    summary = ended.json
    assert summary["verdict"] == "error"
    assert summary["hint"]
    assert all(word in summary["error"] for word in words), summary["error"]
    assert json.loads((cli.folder(summary) / "summary.json").read_text())["verdict"] == "error"
    return summary


def test_a_jre_that_does_not_start(cli, tmp_path):
    fake = tmp_path / "java"
    fake.write_text("#!/bin/sh\nexit 7\n")
    fake.chmod(0o755)
    assert_error(cli.run(STREAMPROOF_JAVA=str(fake)), cli, str(fake))


def test_a_jar_whose_hash_is_wrong_is_named(cli, tmp_path):
    """A cache of its own, in which one jar has other bytes than the lock says; nothing can be fetched again."""
    source = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamproof" / "jars"
    cache = tmp_path / "cache" / "streamproof"
    jars = sorted(path for path in source.rglob("*.jar"))
    for jar in jars:
        target = cache / "jars" / jar.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(jar) if jar.stat().st_dev == tmp_path.stat().st_dev else target.write_bytes(jar.read_bytes())
    victim = cache / "jars" / jars[0].relative_to(source)
    victim.unlink()
    victim.write_bytes(b"not a jar")
    ended = cli.run(XDG_CACHE_HOME=str(tmp_path / "cache"))
    # Either the jar is fetched again and the run goes on, or it is named: never a broker with a foreign jar.
    if ended.code == 0:
        assert victim.read_bytes() != b"not a jar"
    else:
        assert_error(ended, cli, jars[0].name)


@pytest.mark.parametrize("service", ["kafka", "clickhouse", "processor"])
def test_a_service_that_dies_during_the_run(cli, service, tmp_path):
    """The service is killed while the run waits; the run names it and ends."""
    slow = tmp_path / "slow.sql"
    slow.write_text(
        "SELECT sleepEachRow(1) FROM numbers(60)\n"
        "SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0"
    )
    process = cli.start("run", "--json", "--run-id", "dies", "--inject", str(slow))
    state = state_of(cli, "dies")
    pid = next(each["process"]["pid"] for each in state["services"] if each["name"] == service)
    os.kill(pid, signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, err
    summary = json.loads(out)
    assert summary["verdict"] == "error"
    assert service in summary["error"].lower()
    assert summary["hint"]
    assert "Traceback" not in err


def test_killing_the_supervisor_leaves_no_child(cli):
    name = f"killed-{os.getpid()}"
    started = cli("stack", "up", name, "--json")
    assert started.code == 0, started.stderr
    state = json.loads((Path(started.json["folder"]) / "state.json").read_text())
    pids = [service["process"]["pid"] for service in state["services"]]
    os.kill(state["supervisor"]["pid"], signal.SIGKILL)

    def look() -> Probe:
        left = [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
        return Probe(not left, f"still running: {left}")

    wait_until(look, timeout=5, message="the children to end", hint="")
    assert cli("stack", "status", name, "--json").json["stacks"][0]["status"] == "gone"
    assert cli("stack", "down", name).code == 0


def test_killing_the_run_ends_its_stack(cli):
    process = cli.start("run", "--run-id", "gone")
    state = state_of(cli, "gone")
    process.kill()
    process.communicate()
    pids = [state["supervisor"]["pid"], *(service["process"]["pid"] for service in state["services"])]

    def look() -> Probe:
        left = [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
        return Probe(not left, f"still running: {left}")

    wait_until(look, timeout=30, message="the stack to end with its owner", hint="")


def test_interrupting_a_run_tears_it_down(cli):
    process = cli.start("run", "--run-id", "interrupted")
    state_of(cli, "interrupted")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err


def test_a_taken_port_is_named(cli):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = cli("stack", "up", f"taken-{os.getpid()}", "--kafka-port", str(port), "--json")
    assert ended.code == 3
    assert str(port) in ended.json["error"]
    assert ended.json["hint"]


def test_a_query_that_clickhouse_refuses(cli, tmp_path):
    script = tmp_path / "refused.sql"
    script.write_text("SELECT no_such_column FROM streaming_events")
    assert_error(cli.run("--inject", str(script)), cli, "no_such_column")
