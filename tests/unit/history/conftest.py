"""Made-up entries of the history, and the made-up runs of the renderers."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from streamproof.history.entries import CheckEntry, RunEntry
from streamproof.model.window import iso_ms
from streamproof.report.summary import build_summary

COMMIT = "0d4c9a1f6f6f4f3ab7cbe1de9a8b2c3d4e5f6071"
_FIRST = datetime(2026, 3, 1, 2, 15, tzinfo=UTC)


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    path = Path(__file__).parents[1] / "report" / "samples.py"
    spec = importlib.util.spec_from_file_location("report_samples", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ended(samples) -> Callable[..., tuple[dict[str, Any], Any]]:
    """The function that returns summary and results of a made-up run by its verdict and changes of its plan."""

    def of(verdict: str = "passed", **plan: Any):
        results = getattr(samples, f"{verdict}_results")()
        summary = build_summary(
            samples.plan(**plan), results, samples.stack_state(), ended_at="2026-03-01T02:15:10.000Z"
        )
        return summary, results

    return of


@pytest.fixture(scope="session")
def check() -> Callable[..., CheckEntry]:
    """The function that returns a check: status, seconds, diagnostics."""

    def of(status: str = "passed", duration_sec: float = 0.1, **diagnostics: float) -> CheckEntry:
        return CheckEntry(status, duration_sec, int(status == "failed"), diagnostics)

    return of


@pytest.fixture(scope="session")
def entry(check) -> Callable[..., RunEntry]:
    """The function that returns the run of that number, a day after the one before it."""

    def of(number: int, verdict: str = "passed", **changes: Any) -> RunEntry:
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

    return of
