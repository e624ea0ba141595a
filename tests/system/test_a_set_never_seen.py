"""A fixture set that the project did not make: no checksums, data as objects, times as digits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

SCENARIO = "scenario_2_no_orchestrator_then_closed"


def line(event_id: str, family: str, at: int | str, data: object) -> dict[str, object]:
    return {
        "__table": "streaming_events", "__scenario": SCENARIO, "__workflow_session_id": "s-1|r-1", "id": event_id,
        "type": family, "timestamp": at, "gateway": "gw", "data": data,
    }  # fmt: skip


def trace(kind: str, at: int) -> dict[str, object]:
    nobody = {"address": "", "url": ""}
    return {"type": kind, "stream_id": "s-1", "request_id": "r-1", "timestamp": at, "orchestrator_info": nobody}


def write_set(folder: Path) -> Path:
    start = 1_700_000_000_000
    capability = [
        {
            "address": "0xAA", "local_address": "0xBB", "orch_uri": "https://o:8935",
            "capabilities": {"version": "1", "capacities": {"35": 1}, "constraints": {"PerCapability": {}}},
            "hardware": [
                {"pipeline": "live-video-to-video", "model_id": "m", "gpu_info": {"0": {"id": "G", "name": "N"}}}
            ],
        }
    ]  # fmt: skip
    lines = [
        line("c-1", "network_capabilities", start - 1000, capability),
        line("e-1", "stream_trace", str(start), trace("gateway_receive_stream_request", start)),
        line("e-2", "stream_trace", start + 10, json.dumps(trace("gateway_no_orchestrators_available", start + 9))),
        line("e-3", "ai_stream_events", start + 11, {"type": "error", "stream_id": "s-1", "request_id": "r-1",
             "pipeline": "m", "message": "no orchestrators available"}),
        line("e-4", "ai_stream_status", start + 15, {"type": "status", "stream_id": "s-1", "request_id": "r-1",
             "pipeline": "m", "state": "LOADING", "inference_status": {"fps": 0}, "input_status": {"fps": 1.5}}),
        line("e-5", "stream_trace", start + 20, trace("gateway_ingest_stream_closed", start + 20)),
    ]  # fmt: skip
    events = folder / SCENARIO / "s-1_r-1.jsonl"
    events.parent.mkdir(parents=True)
    events.write_text("".join(json.dumps(each) + "\n" for each in lines))
    manifest = folder / "manifest.json"
    session = {
        "workflow_session_id": "s-1|r-1",
        "stream_id": "s-1",
        "request_id": "r-1",
        "file": f"{SCENARIO}/s-1_r-1.jsonl",
    }
    window = {"from_ts": "2023-11-14T21:00:00Z", "to_ts": "2023-11-14T23:30:00Z"}
    manifest.write_text(json.dumps({"window": window, "scenarios": {SCENARIO: {"sessions": [session]}}}))
    return manifest


def test_it_is_replayed_and_judged(cli, tmp_path):
    ended = cli.run("--manifest", str(write_set(tmp_path / "set")))
    assert ended.code == 0, ended.stderr
    assert ended.json["fixture"]["events"] == 6
    assert any("checksum" in notice for notice in ended.json["notices"])
