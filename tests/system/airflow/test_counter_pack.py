"""A second pack by its folder, through the DAG."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_dag_run import run_dag

pytestmark = [pytest.mark.system, pytest.mark.engine]

COUNTER = Path(__file__).resolve().parents[2] / "packs" / "counter"


def test_a_pack_that_offers_less_passes_in_the_same_dag(tmp_path):
    ran = run_dag({"pack": str(COUNTER)}, tmp_path / "runs", {})

    assert ran["state"] == "success"
    assert {task for task, state in ran["tasks"].items() if state != "success"} == {"inject", "warehouse_check"}
    assert ran["summary"]["verdict"] == "passed"
    assert [event["uri"] for event in ran["asset_events"]] == ["streamproof://counter/verified"]
