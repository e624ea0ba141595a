"""One contract that cannot be judged costs its own checks and no others."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest

from streamproof.checks.contracts.files import PARAMETERS
from streamproof.checks.contracts.validation import ContractResult
from streamproof.model.errors import WarehouseError
from streamproof.model.results import CheckResult, Status
from streamproof.runs.context import RunContext
from streamproof.stages.judging import contracts


@pytest.fixture
def ran(planned, monkeypatch):
    """Return a function that runs the stage with a made-up judge of single contracts."""

    def run(judge):
        lines: list[str] = []
        ctx = replace(planned(), log=lines.append)
        monkeypatch.setattr(RunContext, "warehouse", lambda _, *, cached: nullcontext())
        monkeypatch.setattr(contracts, "validate", judge)
        return ctx, contracts.run(ctx), lines

    return run


def passed(contract, document=None):
    checks = tuple(CheckResult("contracts", check.name, Status.PASSED) for check in contract.checks)
    return ContractResult(contract.table, 3, checks, document or {"rows": 3, "success": True, "results": []})


def test_a_contract_that_cannot_be_judged_costs_its_own_checks(ran):
    def judge(_warehouse, contract, _parameters):
        if contract.table == "ai_stream_status":
            raise WarehouseError("There is no table ai_stream_status.", hint="Apply the schema.")
        if contract.table == "v_api_gpu_metrics":
            raise TypeError("unhashable type: 'dict'")
        return passed(contract)

    ctx, outcome, lines = ran(judge)

    errors = {check.name.split(".")[0]: check.error for check in outcome.checks if check.status is Status.ERRORED}
    assert errors == {
        "ai_stream_status": "There is no table ai_stream_status.",
        "v_api_gpu_metrics": "TypeError: unhashable type: 'dict'",
    }
    others = [check for check in outcome.checks if check.name.split(".")[0] not in errors]
    assert {check.status for check in others} == {Status.PASSED}
    assert len({check.name for check in outcome.checks}) == len(outcome.checks)
    assert all(check.layer for check in outcome.checks)
    assert any("Traceback" in line and "unhashable" in line for line in lines)
    assert json.loads((ctx.folder.contracts / "v_api_gpu_metrics.json").read_text())["error"].startswith("TypeError")
    assert set(outcome.details["tables"]) == {contract.table for contract in contracts.pack_contracts(ctx)}


def test_a_contract_may_name_exactly_what_the_stage_gives(planned):
    assert set(contracts.contract_parameters(planned())) == PARAMETERS
