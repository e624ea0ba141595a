"""The rows of the log of runs, the same in every kind of warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def rows_of(summary: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the log rows of a summary, by table. Times are UTC."""
    run_id, started, checks = summary["run_id"], datetime.fromisoformat(summary["started_at"]), summary["checks"]
    run = {
        "run_id": run_id,
        "pack": summary["pack"],
        "mode": summary["mode"],
        "stack": summary["stack"]["name"],
        "verdict": summary["verdict"],
        "first_broken_layer": summary["first_broken_layer"] or "",
        "error": summary["error"] or "",
        **{f"checks_{status}": checks[status] for status in ("passed", "failed", "errored", "skipped")},
        "duration_sec": float(summary["duration_sec"]),
        "git_commit": summary["git_commit"],
        "started_at": started,
    }
    stages = [
        {
            "run_id": run_id,
            "stage": result["stage"],
            "status": result["status"],
            "duration_sec": float(result["duration_sec"]),
            "error": result["error"] or "",
            "started_at": datetime.fromisoformat(result["started_at"]),
        }
        for result in summary["results"]
    ]
    failures = [
        {
            "run_id": run_id,
            "suite": failure["suite"],
            "name": failure["name"],
            "failed_rows": failure["failed_rows"],
            "started_at": started,
        }
        for failure in summary["failures"]
    ]
    return {"runs": [run], "run_stages": stages, "run_failures": failures}
