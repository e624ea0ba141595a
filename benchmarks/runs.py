"""Whole runs, as a user starts them: wall time of the command, and where the time goes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.processes import Peaks
from benchmarks.processor import processor_alone
from packs.livepeer.generator import generate_load

REPEATS = 3
LOAD_EVENTS = 400_000


def command(home: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> tuple[float, dict[str, Any]]:
    """Run `streamproof --json`; return its wall time in seconds and what it answers. `environ` is added to ours."""
    started = time.monotonic()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("streamproof")), *arguments, "--json"],
        cwd=home,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.monotonic() - started
    if done.returncode != 0:
        raise RuntimeError(f"streamproof {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return wall, json.loads(done.stdout)


def stages_of(summary: dict[str, Any]) -> dict[str, float]:
    """Return the seconds of each stage."""
    return {result["stage"]: round(result["duration_sec"], 2) for result in summary["results"]}


def cli_run(home: Path, scratch: Path) -> dict[str, Any]:
    """Time `streamproof run` on the golden fixtures: target 12 s; the predecessor's cycle took 207 s."""
    runs = [command(home, "run") for _ in range(REPEATS)]
    walls = [wall for wall, _ in runs]
    return {
        "target_sec": 12,
        "wall_sec": [round(wall, 2) for wall in walls],
        "median_sec": round(statistics.median(walls), 2),
        "predecessor_sec": 207,
        "stages_of_last": stages_of(runs[-1][1]),
    }


def airflow_run(home: Path, scratch: Path) -> dict[str, Any]:
    """Time the same through Airflow in one process, as `make run` does once it is set up: target 30 s."""
    walls = []
    for _ in range(REPEATS):
        started = time.monotonic()
        subprocess.run([sys.executable, "-m", "streamproof.airflow.one_run"], cwd=home, check=True, capture_output=True)
        walls.append(time.monotonic() - started)
    return {
        "target_sec": 30,
        "wall_sec": [round(wall, 2) for wall in walls],
        "median_sec": round(statistics.median(walls), 2),
    }


def load_run(home: Path, scratch: Path, events: int = LOAD_EVENTS) -> dict[str, Any]:
    """Time a run of 400,000 generated events, verdict included, beside the processor alone on the same events.

    The target is three times the processor alone. A run of a tenth of the events shows how time and memory grow.
    """
    sizes = (events // 10, events)
    measured = {size: _load(home, scratch / str(size), size) for size in sizes}
    few, many = (measured[size] for size in sizes)
    return {
        "target_ratio_to_processor_alone": 3,
        "ratio_to_processor_alone": many["ratio_to_processor_alone"],
        "growth_for_ten_times_the_events": round(many["wall_sec"] / few["wall_sec"], 2),
        "by_events": {str(size): found for size, found in measured.items()},
    }


def _load(home: Path, scratch: Path, events: int) -> dict[str, Any]:
    """Measure a run and the processor alone, one after the other, with the load average of the machine beside them."""
    started = time.monotonic()
    manifest = generate_load(events, scratch / "load")
    generated = time.monotonic() - started
    artifacts = scratch / "runs"
    with Peaks(artifacts) as peaks:
        wall, summary = command(
            home, "run", "--manifest", str(manifest), environ={"STREAMPROOF_ARTIFACTS": str(artifacts)}
        )
    load = os.getloadavg()
    alone = processor_alone(home, scratch / "processor", manifest)
    stages = stages_of(summary)
    return {
        "events": summary["fixture"]["events"],
        "generated_sec_per_100000": round(generated * 100_000 / events, 2),
        "wall_sec": round(wall, 2),
        "verdict": summary["verdict"],
        "stages": stages,
        "events_per_sec_by_stage": {name: round(events / took) for name, took in stages.items() if took >= 1},
        "peak_rss_mb": dict(sorted(peaks.megabytes.items(), key=lambda item: -item[1])),
        "processor_alone": alone,
        "ratio_to_processor_alone": round(wall / alone["wall_sec"], 2),
        "load_average_after_run_and_after_processor": [
            [round(one, 1) for one in found] for found in (load, os.getloadavg())
        ],
    }
