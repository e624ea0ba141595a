"""Made-up entries of the history, and the made-up runs of the renderers."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from streamproof.report.summary import build_summary


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"made_up_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    return _module(Path(__file__).parents[1] / "report" / "samples.py")


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
def entry():
    """The function that returns the run of that number, a day after the one before it."""
    return _module(Path(__file__).with_name("made_up.py")).entry


@pytest.fixture(scope="session")
def check():
    """The function that returns a check: status, seconds, diagnostics."""
    return _module(Path(__file__).with_name("made_up.py")).check
