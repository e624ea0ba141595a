"""The made-up runs, as a fixture."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from streamproof.report.summary import build_summary

ENDED_AT = "2026-03-01T02:15:10.000Z"


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    """Module `samples` beside this file: plans, stage results and contract documents."""
    spec = importlib.util.spec_from_file_location("report_samples", Path(__file__).with_name("samples.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def summarize(samples):
    """Return a function that gives (summary, results) of the sample run of that verdict."""

    def of(verdict: str, **plan: Any):
        results = getattr(samples, f"{verdict}_results")()
        return build_summary(samples.plan(**plan), results, samples.stack_state(), ended_at=ENDED_AT), results

    return of
