"""Every module of the benchmarks can be imported: no type checker reads them, and no test runs them whole."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[3]
# Its programs run in Flink's own environment, where they are imported.
FLINK_PEER = HOME / "benchmarks" / "flink_peer"
MODULES = sorted(
    ".".join(path.relative_to(HOME).with_suffix("").parts)
    for path in (HOME / "benchmarks").rglob("*.py")
    if FLINK_PEER not in path.parents
)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_can_be_imported(name):
    assert import_module(name).__doc__
