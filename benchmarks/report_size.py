"""The report of a run of 400,000 events that fails: its size, and what collecting and rendering cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.peak import peak_mb_of
from packs.livepeer.generator import generate_load

EVENTS = 400_000
RUN = "bench-report"
TARGETS = {"target_percent_of_run": 5, "target_peak_rss_mb": 300, "target_report_mb": 5}
# Every seventh status event is lost between raw and typed: many checks fail, and each has rows to show.
BREAK = "DELETE FROM ai_stream_status WHERE cityHash64(raw_event_uid) % 7 = 0\n"


def report_size(home: Path, scratch: Path, events: int = EVENTS) -> dict[str, Any]:
    """Measure stage `publish_summary` of a failing run, and `streamproof report` on its folder.

    The stage saves the content, collects diagnostics and renders; the command renders only, start of Python included.
    """
    manifest = generate_load(events, scratch / "load")
    (scratch / "break.sql").write_text(BREAK, encoding="utf-8")
    environ = {"STREAMPROOF_ARTIFACTS": str(scratch / "runs")}
    wall = _failing_run(home, manifest, scratch / "break.sql", environ)
    folder = scratch / "runs" / RUN
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    stage = json.loads((folder / "stages/publish_summary.json").read_text(encoding="utf-8"))
    started, output = time.monotonic(), scratch / "report.json"
    with output.open("wb") as stdout:
        code, peak_mb = peak_mb_of(["report", RUN, "--json"], scratch / "report.peak", environ=environ, stdout=stdout)
    rendered = time.monotonic() - started
    if code:
        raise RuntimeError(f"streamproof report {RUN} ended with {code}.")
    return {
        **TARGETS,
        "events": summary["fixture"]["events"],
        "failed_checks": summary["checks"]["failed"],
        "run_sec": round(wall, 1),
        "publish_summary_sec": round(stage["duration_sec"], 2),
        "rendering_sec": round(rendered, 2),
        "publish_summary_percent_of_run": round(100 * stage["duration_sec"] / wall, 2),
        "rendering_percent_of_run": round(100 * rendered / wall, 2),
        "peak_rss_mb": round(peak_mb, 1),
        "report_mb": round((folder / "report.html").stat().st_size / 1e6, 2),
        "load_average": [round(one, 1) for one in os.getloadavg()],
    }


def _failing_run(home: Path, manifest: Path, broken: Path, environ: dict[str, str]) -> float:
    """Make a run that fails, and return its wall time in seconds."""
    arguments = ["run", "--json", "--run-id", RUN, "--manifest", str(manifest), "--inject", str(broken)]
    started = time.monotonic()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("streamproof")), *arguments],
        cwd=home,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 1:
        raise RuntimeError(f"The run ended with {done.returncode} instead of 1: {done.stderr[-2000:]}")
    return time.monotonic() - started
