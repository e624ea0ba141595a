"""Small fixture sets on disk, as in the tests of room fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.fixtures.conftest import SmallSet


@pytest.fixture
def small(tmp_path: Path) -> SmallSet:
    """An empty set in a folder of its own."""
    return SmallSet(tmp_path / "set")
