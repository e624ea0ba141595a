"""What a typed column cannot hold: such a record contributes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from packs.livepeer.oracle import expected_sessions
from packs.livepeer.oracle.typed.judged import Judged
from packs.livepeer.oracle.typed.rows import typed

CASES = yaml.safe_load((Path(__file__).parent / "columns.yaml").read_text(encoding="utf-8"))
WHOLE = {"stream_id": "s", "request_id": "r", "pipeline": "m", "type": "t"}
OFFER: dict[str, Any] = {
    "address": "0xC",
    "local_address": "0xP",
    "orch_uri": "u",
    "capabilities": {
        "version": "1",
        "capacities": {"35": 1, "x": {}},
        "constraints": {"PerCapability": {"35": {"models": {"m": {"warm": True}}}, "x": 5}},
    },
    "capabilities_prices": [{"capability": 35, "constraint": "m", "pricePerUnit": 1, "pixelsPerUnit": 1}],
    "hardware": [{"pipeline": "p", "model_id": "m", "gpu_info": {"0": {"id": "g", "memory_total": 2**64 - 1}}}],
}


def is_held(family: str, data: Any) -> bool:
    """Tell whether all typed rows of an event can be made."""
    return not typed(Judged("{}", {"data": data}, family, "an-id", 1)).failures


def with_value(at: list[str], change: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(WHOLE))
    holder = data
    for name in at:
        holder = holder.setdefault(name, {})
    holder.update(change)
    return data


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['family']} {'.'.join(case['at'])}")
def test_values_and_their_columns(case):
    assert [change for change in case["fits"] if not is_held(case["family"], with_value(case["at"], change))] == []
    assert [change for change in case["fails"] if is_held(case["family"], with_value(case["at"], change))] == []


@pytest.mark.parametrize("path", [["orchestrator_info"], ["inference_status"], ["inference_status", "last_params"]])
@pytest.mark.parametrize("value", ["none", 5, ["x"], False])
def test_what_must_be_an_object(path, value):
    assert not is_held("ai_stream_status", with_value(path[:-1], {path[-1]: value}))
    assert is_held("ai_stream_status", with_value(path[:-1], {path[-1]: None}))


@pytest.mark.parametrize(
    "change",
    [
        {"address": {}},
        {"hardware": {}},
        {"hardware": ["x"]},
        {"hardware": [{"model_id": []}]},
        {"hardware": [{"gpu_info": []}]},
        {"hardware": [{"gpu_info": {"0": "x"}}]},
        {"hardware": [{"gpu_info": {"0": {"memory_total": -1}}}]},
        {"hardware": [{"gpu_info": {"0": {"major": 256}}}]},
        {"capabilities": "x"},
        {"capabilities": {"version": {}}},
        {"capabilities": {"capacities": {"35": 2**31}}},
        {"capabilities": {"constraints": []}},
        {"capabilities": {"constraints": {"PerCapability": {"35": 5}}}},
        {"capabilities": {"constraints": {"PerCapability": {"35": {"models": {"m": {"warm": -1}}}}}}},
        {"capabilities": {"constraints": {"PerCapability": {"35": {"models": {"m": {"capacity": "1"}}}}}}},
        {"capabilities_prices": {}},
        {"capabilities_prices": [5]},
        {"capabilities_prices": [{"pricePerUnit": 0.5}]},
        {"capabilities_prices": [{"pricePerUnit": 2**63}]},
    ],
)
def test_one_object_that_no_row_can_hold_rejects_a_capability_event(change):
    assert is_held("network_capabilities", [OFFER, {}, None, 5])
    assert not is_held("network_capabilities", [OFFER, {**OFFER, **change}])


def test_a_rejected_record_contributes_nothing(build_records):
    broken = {"status": 9, "t": 5, "data": {"inference_status": {"fps": 9, "restart_count": -1}}}
    offers = {"t": 0, "family": "network_capabilities", "payload": {**OFFER, "hardware": [{"gpu_info": 5}]}}
    (row,) = expected_sessions(build_records([offers, {"status": 3, "t": 1, "by": ["0xp", "u"]}, broken]))
    assert (row["status_sample_count"], row["avg_output_fps"], row["orchestrator_address"]) == (1, 3.0, "")


@pytest.mark.parametrize("change", [{"gateway": ["gw"]}, {"timestamp": 5_662_310_400_000}])
def test_envelopes_that_no_row_can_hold(change, build_records):
    assert expected_sessions(build_records([{"status": 1, "t": 0, "envelope": change}])) == []
    assert len(expected_sessions(build_records([{"status": 1, "t": 0, "envelope": {"gateway": None}}]))) == 1


def test_half_a_surrogate_pair_is_no_text(build_records):
    assert expected_sessions(build_records([{"event": "error", "t": 0, "message": "\ud800"}])) == []
    assert len(expected_sessions(build_records([{"event": "error", "t": 0, "message": "\U0001f600"}]))) == 1
