"""A planned run of the golden set in a folder of the test's own; nothing is started."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streamproof.stages.context import RunContext
from streamproof.stages.planning import HostSettings, RunRequest, plan_run

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def planned(home, tmp_path: Path) -> Callable[..., RunContext]:
    """The function that plans a run from a request's fields."""

    def plan(**request: Any) -> RunContext:
        asked = RunRequest(**{"run_id": "r1", "artifacts_root": tmp_path / "runs", **request})
        return plan_run(asked, home=home, host=HostSettings(cache_dir=tmp_path / "cache"), now=NOW)

    return plan
