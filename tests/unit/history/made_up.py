"""Made-up entries of the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from streamproof.history.entries import CheckEntry, RunEntry
from streamproof.model.window import iso_ms

COMMIT = "0d4c9a1f6f6f4f3ab7cbe1de9a8b2c3d4e5f6071"
_FIRST = datetime(2026, 3, 1, 2, 15, tzinfo=UTC)


def check(status: str = "passed", duration_sec: float = 0.1, **diagnostics: float) -> CheckEntry:
    return CheckEntry(status, duration_sec, int(status == "failed"), diagnostics)


def entry(number: int, verdict: str = "passed", **changes: Any) -> RunEntry:
    """The run of that number, a day after the one before it."""
    at = _FIRST + timedelta(days=number)
    unique = "failed" if verdict == "failed" else "passed"
    values: dict[str, Any] = {
        "run_id": f"run-{number:04}", "pack": "shop", "mode": "full", "verdict": verdict, "git_commit": COMMIT,
        "fixture_sha256": "9f" * 32, "stack": "local", "processor": "local", "rerun": "streamproof run",
        "started_at": iso_ms(at), "ended_at": iso_ms(at + timedelta(seconds=20)),
        "duration_sec": 20.0, "first_broken_layer": "typed" if verdict == "failed" else None, "injected": False,
        "checks_total": 2, "checks_failed": int(verdict == "failed"),
        "stages": {"stack_up": 3.0, "assert_orders": 2.0},
        "checks": {"orders.no_loss": check(rows=1200.0), "orders.unique": check(unique)},
    }  # fmt: skip
    return RunEntry(**{**values, **changes})
