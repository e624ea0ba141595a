"""Kafka values in short notation for the oracle's tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

# 2026-06-09T10:13:20.000Z; case tables give times as ms after it.
T0 = 1_781_000_000_000
FAMILIES = {"trace": "stream_trace", "status": "ai_stream_status", "event": "ai_stream_events"}


def _orchestrator(by: list[str] | None) -> dict[str, Any]:
    return {"orchestrator_info": {"address": by[0], "url": by[1]}} if by else {}


def _session_data(spec: dict[str, Any]) -> dict[str, Any]:
    data = {"stream_id": spec.get("stream", "strm-1"), "request_id": spec.get("request", "req-1")}
    data |= _orchestrator(spec.get("by"))
    if "trace" in spec:
        own_time = {"timestamp": spec["own"] if spec.get("absolute") else T0 + spec["own"]} if "own" in spec else {}
        return data | {"type": spec["trace"], "pipeline_id": ""} | own_time
    if "status" in spec:
        started = {"start_time": spec["started"] and T0 + spec["started"]} if "started" in spec else {}
        figures = {} if spec["status"] is None else {"inference_status": {"fps": spec["status"]}}
        return data | {"type": "status", "pipeline": spec.get("model", "demo-model")} | started | figures
    message = {"message": spec["message"]} if "message" in spec else {}
    return data | {"type": spec["event"], "pipeline": spec.get("model", "demo-model")} | message


def _offer(offer: dict[str, Any]) -> dict[str, Any]:
    held = {"address": offer["wallet"], "local_address": offer["proxy"], "orch_uri": offer["url"]}
    if "hardware" in offer:
        held["hardware"] = [
            {"model_id": model, "pipeline": "live-video-to-video", "gpu_info": {"0": {"id": f"GPU-{model}"}}}
            for model in offer["hardware"]
        ]
    models = {model: {"warm": True} for model in offer.get("models", [])}
    return held | {"capabilities": {"constraints": {"PerCapability": {"35": {"models": models}}}}}


def value_of(spec: dict[str, Any], number: int) -> bytes | None:
    """Return the Kafka value of one event in short notation; `number` makes its id unless it has one."""
    if "raw" in spec:
        return None if spec["raw"] is None else spec["raw"].encode()
    if "offers" in spec:
        family, data = "network_capabilities", [_offer(offer) for offer in spec["offers"]]
    elif "payload" in spec:
        family, data = spec["family"], spec["payload"]
    else:
        family, data = next(name for short, name in FAMILIES.items() if short in spec), _session_data(spec)
    envelope = {
        "id": spec.get("id", f"7b1d0f52-0000-4000-8000-{number:012d}"),
        "type": family,
        "timestamp": T0 + spec["t"],
        "gateway": "gw-demo",
        "data": data | spec.get("data", {}) if isinstance(data, dict) else data,
    }
    envelope |= spec.get("envelope", {})
    envelope = {name: value for name, value in envelope.items() if name not in spec.get("without", [])}
    return json.dumps(envelope).encode()


def records_of(events: list[dict[str, Any]]) -> list[tuple[int, bytes | None]]:
    """Return (sequence, Kafka value) pairs of events in short notation."""
    return [(number, value_of(spec, number)) for number, spec in enumerate(events)]


@pytest.fixture(scope="session")
def build_records():
    """The function that turns events in short notation into records."""
    return records_of
