"""A pass verifies the pack only where the run looked at all of it, at what was published, on real services."""

from __future__ import annotations

import pytest

OBSERVED = {"mode": "observe", "from_ts": "2026-03-01T00:00:00Z", "to_ts": "2026-03-02T00:00:00Z"}


@pytest.mark.parametrize("request_", [{}, {"stack": "external"}, {"manifest": "hostile"}, {"keep_stack": True}])
def test_a_full_run_verifies_its_pack(planned, request_):
    assert planned(**request_).plan.narrowed_by == ()


def test_all_suites_by_name_are_all_suites(planned, pack):
    assert planned(suites=tuple(reversed(pack.suites))).plan.narrowed_by == ()


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"mode": "smoke"}, "mode smoke is not a full run"),
        (OBSERVED, "mode observe is not a full run"),
        ({"mode": "prove"}, "mode prove is not a full run"),
        ({"kafka": "mock"}, "mock broker"),
        ({"suites": ("raw_typed",)}, "only some suites ran: raw_typed"),
        ({"tolerate_bad_lines": True}, "broken fixture lines were left out"),
        ({"from_ts": "2026-01-01T00:00:00Z", "to_ts": "2026-01-02T00:00:00Z"}, "a window was chosen"),
    ],
)
def test_a_narrower_run_does_not(planned, request_, reason):
    assert any(reason in said for said in planned(**request_).plan.narrowed_by)


def test_nor_does_a_run_with_injected_sql(planned, tmp_path):
    script = tmp_path / "x.sql"
    script.write_text("SELECT 1")
    assert planned(inject=str(script)).plan.narrowed_by == ("SQL was injected",)


def test_every_reason_is_reported(planned):
    assert len(planned(mode="smoke", kafka="mock", suites=("api",)).plan.narrowed_by) == 3
