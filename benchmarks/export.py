"""The memory and time of an export from a window of 30 days, of a tenth of the events and of all of them."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from benchmarks.copies import copy_sessions
from benchmarks.peak import peak_mb_of
from benchmarks.runs import command
from streamproof.runs.context import RunContext
from streamproof.warehouse.clickhouse.client import connect

EVENTS = 400_000
DAYS = 30
TARGET_MB = 300
RUN = "bench-export"


def export_memory(home: Path, scratch: Path, events: int = EVENTS) -> dict[str, Any]:
    """Export about a tenth of the events, and about all: each under 300 MB RSS."""
    environ = {"STREAMPROOF_ARTIFACTS": str(scratch / "runs")}
    try:
        command(home, "run", "--run-id", RUN, "--keep-stack", "--suites", "raw_typed", environ=environ)
        ctx = RunContext.open(scratch / "runs" / RUN)
        with closing(connect(ctx.database_settings())) as client:
            copy_sessions(client, max(1, events // 10 // 229 - 1), DAYS)
            tenth = _export(scratch / "tenth", environ)
            copy_sessions(client, 9, 1, mark="b")
        whole = _export(scratch / "whole", environ)
    finally:
        command(home, "stack", "down", RUN, environ=environ)
    return {"target_peak_rss_mb": TARGET_MB, "days": DAYS, "tenth": tenth, "whole": whole}


def _export(out: Path, environ: dict[str, str]) -> dict[str, Any]:
    """Export every session of the database, and measure the process."""
    window = ("--from-ts", "2026-02-01T00:00:00Z", "--to-ts", "2026-05-01T00:00:00Z")
    options = ("--run", RUN, "--out", str(out), "--limit-per-scenario", "10000000", "--json")
    started, answer, peak = time.monotonic(), out.with_suffix(".json"), out.with_suffix(".peak")
    with answer.open("wb") as stdout:
        code, peak_mb = peak_mb_of(["fixtures", "export", *window, *options], peak, environ=environ, stdout=stdout)
    if code:
        raise SystemExit(f"The export ended with {code}.")
    report = orjson.loads(answer.read_bytes())
    return {
        "sessions": report["sessions"],
        "events": report["events"],
        "peak_rss_mb": round(peak_mb, 1),
        "wall_sec": round(time.monotonic() - started, 1),
    }
