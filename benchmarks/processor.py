"""The local processor's rate and peak memory: 400,000 events wait in Kafka, then the processor starts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.stacks import stack
from packs.livepeer.generator import generate_load
from streamproof.fixtures.ordering import plan_replay
from streamproof.model.fixture import ReplayRules
from streamproof.model.stack import StackState
from streamproof.model.waiting import Probe, wait_until
from streamproof.transport.kafka.producer import publish
from streamproof.warehouse.clickhouse.client import connect, rows
from streamproof.warehouse.clickhouse.migrations import apply_migrations

EVENTS = 400_000
TIMEOUT_SEC = 3600.0
DATABASE = "bench"


def _peak_rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _environment(state: StackState, scratch: Path) -> dict[str, str]:
    return {
        **os.environ,
        "QUALITY_KAFKA_BOOTSTRAP": state.bootstrap_servers,
        "QUALITY_INPUT_TOPIC": "input",
        "QUALITY_DLQ_TOPIC": "dlq",
        "QUALITY_QUARANTINE_TOPIC": "quarantine",
        "QUALITY_GROUP_ID": "bench",
        "CLICKHOUSE_URL": state.clickhouse.url,
        "CLICKHOUSE_USER": state.clickhouse.user,
        "CLICKHOUSE_PASSWORD": "",
        "CLICKHOUSE_DATABASE": DATABASE,
        "PROCESSOR_STATE_DIR": str(scratch / "state"),
    }


def _prepare(home: Path, state: StackState) -> None:
    client = connect(state.clickhouse)
    client.command(f"CREATE DATABASE {DATABASE}")
    client.close()
    client = connect(state.clickhouse.using(DATABASE))
    variables = {
        "kafka_bootstrap": state.bootstrap_servers, "input_topic": "input", "raw_group": "raw", "kafka": False,
        "retention": False,
    }  # fmt: skip
    apply_migrations(client, home / "include" / "sql" / "livepeer" / "schema", variables)
    client.close()


def _consume(state: StackState, events: int, scratch: Path) -> tuple[float, float, float]:
    """Start the processor, wait for the last disposition; return wall seconds, CPU seconds and peak RSS in MB."""
    client = connect(state.clickhouse.using(DATABASE))

    def look() -> Probe:
        done = int(rows(client, "SELECT count() AS done FROM record_dispositions")[0]["done"])
        return Probe(done >= events, f"{done} of {events}")

    log = scratch / "processor.log"
    with log.open("wb") as sink:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.livepeer.local"],
            env=_environment(state, scratch),
            stdout=sink,
            stderr=sink,
        )
        try:
            wait_until(look, timeout=TIMEOUT_SEC, message="the processor", hint=str(log))
            wall = time.monotonic() - started
            peak = _peak_rss_mb(process.pid)
        finally:
            process.terminate()
            process.wait(30)
            client.close()
    times = os.times()
    return wall, times.children_user + times.children_system, peak


def processor_rate(home: Path, scratch: Path) -> dict[str, Any]:
    """Measure from the process's start to the last disposition row: targets 20,000 events/s a core, RSS under 1 GB."""
    manifest = generate_load(EVENTS, scratch / "load")
    return {
        "target_events_per_sec_per_core": 20_000,
        "target_rss_mb": 1000,
        **processor_alone(home, scratch / "processor", manifest),
    }


def processor_alone(home: Path, scratch: Path, manifest: Path) -> dict[str, Any]:
    """Publish a set, then start the processor and measure it until the last disposition row."""
    plan = plan_replay(
        manifest,
        ReplayRules(
            first_types=("network_capabilities",),
            key_field="stream_id",
            event_table="streaming_events",
            id_field="workflow_session_id",
        ),
    )
    scratch.mkdir(parents=True, exist_ok=True)
    with stack(home, scratch / "stack", topics=("input", "dlq", "quarantine")) as state:
        _prepare(home, state)
        published = publish(state.kafka, "input", plan.records(), run_id="bench").acknowledged
        before = os.times()
        wall, cpu, peak = _consume(state, published, scratch)
        cpu -= before.children_user + before.children_system
    return {
        "events": published,
        "wall_sec": round(wall, 2),
        "events_per_sec": round(published / wall),
        "cpu_sec": round(cpu, 2),
        "events_per_cpu_sec": round(published / cpu),
        "peak_rss_mb": round(peak),
    }
