"""The shipped pack, as data and as a model; and a planned run of its golden set, with nothing started."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproof.packs.loading import load_pack
from streamproof.packs.pack import Pack
from streamproof.runs.context import RunContext
from streamproof.runs.planning import plan_run
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.stages.registry import STAGES

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def pack_data(home) -> dict[str, Any]:
    """The content of the shipped pack.yaml."""
    return yaml.safe_load((home / "include/packs/livepeer/pack.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pack(home) -> Pack:
    """The shipped pack."""
    return load_pack(home, "livepeer")


@pytest.fixture
def planned(home, tmp_path: Path) -> Callable[..., RunContext]:
    """The function that plans a run from a request's fields."""

    def plan(**request: Any) -> RunContext:
        asked = RunRequest(**{"run_id": "r1", "artifacts_root": tmp_path / "runs", **request})
        return plan_run(asked, STAGES, home=home, host=HostSettings(cache_dir=tmp_path / "cache"), now=NOW)

    return plan
