"""Every module of the benchmarks can be imported: no type checker reads them, and no test runs them whole."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[3]
MODULES = sorted(".".join(path.relative_to(HOME).with_suffix("").parts) for path in (HOME / "benchmarks").rglob("*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_can_be_imported(name):
    assert import_module(name).__doc__
