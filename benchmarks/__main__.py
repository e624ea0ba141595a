"""Measure the targets of the design into benchmarks/results.json: `make bench`, `python -m benchmarks [NAME ...]`.

`python -m benchmarks replay_rate --events N` measures with another number of events (the benches in SIZED take it).

`python -m benchmarks detection [--mutants N] [--seed N]` is separate: it takes long and writes its own file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.detection.measure import detection
from benchmarks.export import export_memory
from benchmarks.flink import flink_checkpoint, flink_rate
from benchmarks.market import market_load
from benchmarks.processor import processor_rate
from benchmarks.replay import replay_rate
from benchmarks.report_size import report_size
from benchmarks.runs import airflow_run, cli_run, load_run
from benchmarks.suites import suites

HOME = Path(__file__).resolve().parents[1]
RESULTS = HOME / "benchmarks" / "results.json"

BENCHES: dict[str, Callable[..., dict[str, Any]]] = {
    "cli_run": cli_run,
    "airflow_run": airflow_run,
    "replay_rate": replay_rate,
    "processor_rate": processor_rate,
    "load_run": load_run,
    "market_load": market_load,
    "suites": suites,
    "export_memory": export_memory,
    "report_size": report_size,
    "flink_rate": flink_rate,
    "flink_checkpoint": flink_checkpoint,
}

# These take another number of events.
SIZED = frozenset(
    {"export_memory", "flink_rate", "flink_checkpoint", "load_run", "market_load", "replay_rate", "report_size"}
)


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--events", type=int)
    return parser.parse_args(arguments)


def main(names: list[str]) -> int:
    """Run the named benches (all by default), print each figure, and merge them into results.json."""
    if names[:1] == ["detection"]:
        return detection(names[1:])
    asked = _asked(names)
    names = asked.names
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        print(f"There is no bench {', '.join(unknown)}. Choose from: {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    if asked.events is not None and not (names and SIZED.issuperset(names)):
        print(f"--events is for {', '.join(sorted(SIZED))}: name one of them.", file=sys.stderr)
        return 2
    options = {} if asked.events is None else {"events": asked.events}
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names or BENCHES:
        with tempfile.TemporaryDirectory(prefix=f"streamproof-{name}-") as scratch:
            figures = BENCHES[name](HOME, Path(scratch), **options)
        results[name] = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": f"python -m benchmarks {name}" + (f" --events {asked.events}" if options else ""),
            "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
            **figures,
        }
        print(f"{name}:", json.dumps(figures, indent=2))
        RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
