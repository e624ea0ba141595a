"""The files of checks are read once."""

from __future__ import annotations

import pytest

from streamproof.checks import check_files
from streamproof.checks.check_files import CheckFiles


@pytest.fixture
def counted(monkeypatch):
    """How often each reader was called."""
    calls: dict[str, int] = {}

    def count(name: str):
        read = getattr(check_files, name)

        def counting(*args, **named):
            calls[name] = calls.get(name, 0) + 1
            return read(*args, **named)

        monkeypatch.setattr(check_files, name, counting)

    for name in ("read_suite", "read_diagnostics", "load_contracts", "read_oracle_sql", "read_parity"):
        count(name)
    return calls


def test_what_is_asked_for_twice_is_read_once(pack, home, counted):
    files = CheckFiles(pack, home)
    for _ in range(2):
        files.suite("raw_typed")
        files.diagnostics("raw_typed")
        assert files.contracts
        assert files.oracle_sql
        assert files.parity

    assert set(counted.values()) == {1}


def test_planning_hands_on_what_it_has_read(planned, counted):
    ctx = planned()
    before = dict(counted)
    for suite in ctx.plan.suites:
        assert ctx.files.suite(suite)
    assert ctx.files.contracts
    assert ctx.files.oracle_sql

    assert counted == before
