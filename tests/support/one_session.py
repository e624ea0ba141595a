"""The log of one session as people have it: about 65 events of all seven families, in forms of their own.

The identities are invented. Times are milliseconds after `START_MS`; ids are not UUIDs, wallets are in mixed case, and
the orchestrator tells what it offers 76 seconds after the first milestone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

START_MS = 1_782_345_678_901
STREAM, REQUEST = "aiTesterStream-178234567", "0b5c77e1"
PROXY, CANONICAL = "0x52CF2968B3dc6016778742d3539449a6597D5954", "0x9d61AE5875E89036FBf6059f3116d01a22ACe3C8"
URL = "https://rtc-node-7.example.net:8936"
MODEL = "streamdiffusion-sdxl"
CLEAN, REFUSED = "scenario_1_clean_success_no_swap_fps_gt_12", "scenario_2_no_orchestrator_then_closed"
PARAMS, OTHER = "scenario_4_success_with_param_updates", "scenario_5_out_of_category_baseline"

MILESTONES = (
    ("gateway_receive_stream_request", 0),
    ("gateway_send_first_ingest_segment", 1_204),
    ("runner_receive_first_ingest_segment", 1_410),
    ("runner_send_first_processed_segment", 41_377),
    ("gateway_receive_first_processed_segment", 41_902),
    ("gateway_receive_few_processed_segments", 45_120),
)


@dataclass(frozen=True)
class Event:
    """One event: when it was sent, its family, what it says, and what is stated of it ('' for nothing)."""

    at: int
    family: str
    data: Any
    expect: str = ""


@dataclass(frozen=True)
class Who:
    """Whose events: the two ids of a session, and the orchestrator that they name."""

    stream: str = STREAM
    request: str = REQUEST
    wallet: str = PROXY
    url: str = URL

    @property
    def ids(self) -> dict[str, str]:
        return {"stream_id": self.stream, "request_id": self.request}

    @property
    def session(self) -> str:
        return f"{self.stream}|{self.request}"


def capability(at: int = 76_000, model: str = MODEL) -> Event:
    gpu = {
        "id": "GPU-5b0f7c4e-19",
        "name": "NVIDIA GeForce RTX 4090",
        "major": 8,
        "minor": 9,
        "memory_total": 25_757_220_864,
    }
    offer = {
        "address": CANONICAL,
        "local_address": PROXY,
        "orch_uri": URL,
        "capabilities": {
            "version": "0.8.9-b1c2",
            "capacities": {"35": 2},
            "constraints": {"PerCapability": {"35": {"models": {model: {"warm": True, "capacity": 2}}}}},
        },
        "capabilities_prices": [{"capability": 35, "constraint": model, "pricePerUnit": 1900, "pixelsPerUnit": 1}],
        "hardware": [{"pipeline": "live-video-to-video", "model_id": model, "gpu_info": {"0": gpu}}],
    }
    return Event(at, "network_capabilities", [offer])


def trace(kind: str, at: int, who: Who, *, named: bool = True) -> Event:
    info = {"address": who.wallet, "url": who.url} if named else {"address": "", "url": ""}
    data = {"type": kind, **who.ids, "pipeline_id": "", "timestamp": START_MS + at, "orchestrator_info": info}
    return Event(at, "stream_trace", data)


def status(at: int, who: Who, fps: float = 17.25) -> Event:
    inference = {"fps": fps, "restart_count": 0, "last_error": None, "last_params": {"prompt": "ink drawing"}}
    data = {
        "type": "status", **who.ids, "pipeline": MODEL, "pipeline_id": "", "state": "ONLINE",
        "start_time": START_MS + 310, "timestamp": START_MS + at, "inference_status": inference,
        "input_status": {"fps": 29.9, "last_input_time": START_MS + at - 40},
        "orchestrator_info": {"address": who.wallet, "url": who.url},
    }  # fmt: skip
    return Event(at, "ai_stream_status", data)


def notice(kind: str, at: int, who: Who, message: str = "") -> Event:
    data = {"type": kind, **who.ids, "pipeline": MODEL, "pipeline_id": "", "capability": "", "message": message}
    return Event(at, "ai_stream_events", data)


def ingest(at: int, who: Who) -> Event:
    track = {"jitter": 3.1, "packets_received": at // 10, "packets_lost": 1, "packet_loss_pct": 0.02, "rtt": 21.5}
    stats = {"conn_quality": "good", "track_stats": [{"type": "video", **track}, {"type": "audio", **track}]}
    return Event(at, "stream_ingest_metrics", {**who.ids, "stats": {**stats, "peer_conn_stats": {"BytesReceived": at}}})


def payment(at: int, who: Who) -> Event:
    data = {
        "clientIP": "", "requestID": who.request, "capability": "", "manifestID": f"35_{MODEL}", "sessionID": "5e0c11",
        "sender": "0x88FfEE1122334455667788990011223344556677", "recipient": CANONICAL, "orchestrator": who.url,
        "faceValue": "1900000000000000 WEI", "numTickets": "3", "price": "1440.0 wei/pixel", "winProb": "0.0010000000",
    }  # fmt: skip
    return Event(at, "create_new_payment", data)


def discovery(at: int) -> Event:
    return Event(at, "discovery_results", [{"address": PROXY, "latency_ms": "48", "url": URL}])


def whole_session(who: Who = Who(), *, samples: int = 40, fps: float = 17.25, offset: int = 0) -> list[Event]:
    """Return the log of one session from its request to its end; with 40 samples these are 65 events."""
    last = 60_000 + 10_000 * samples
    events = [capability(), discovery(180), discovery(70_180)]
    events += [trace(kind, at, who, named=at > 0) for kind, at in MILESTONES]
    events += [status(60_000 + 10_000 * number, who, fps + number % 3) for number in range(samples)]
    events += [ingest(5_000 + 60_000 * number, who) for number in range(max(1, samples // 6))]
    events += [payment(300 + 50_000 * number, who) for number in range(max(1, samples // 5))]
    events += [notice("error", last + 900, who, "mediamtx ingest disconnected")]
    events += [trace("gateway_ingest_stream_closed", last + 1_000, who, named=False)]
    return [_moved(event, offset) for event in events] if offset else events


def _moved(event: Event, offset: int) -> Event:
    data = dict(event.data) if isinstance(event.data, dict) else event.data
    if isinstance(data, dict) and "timestamp" in data:
        data["timestamp"] += offset
    return replace(event, at=event.at + offset, data=data)


def without(events: Iterable[Event], *families: str) -> list[Event]:
    return [event for event in events if event.family not in families]


def write_log(folder: Path, events: Iterable[Event], sessions: dict[str, str], **manifest: Any) -> Path:
    """Write a log as a fixture set: all events in one file, `sessions` maps session ids to their scenarios."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, event in enumerate(sorted(events, key=lambda event: event.at)):
        line = {
            "id": f"ev_{number:04d}_{START_MS + event.at:x}", "type": event.family, "timestamp": START_MS + event.at,
            "gateway": "gw-lisbon-2", "data": json.dumps(event.data, separators=(",", ":")),
        }  # fmt: skip
        if event.expect:
            line["__expect"] = {"disposition": event.expect}  # type: ignore[assignment]
        lines.append(json.dumps(line))
    scenarios: dict[str, Any] = {}
    for number, (session, scenario) in enumerate(sessions.items()):
        file = f"session_{number}.jsonl"
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
        named = {"workflow_session_id": session} if session else {}
        scenarios.setdefault(scenario, {"sessions": []})["sessions"].append({"file": file, **named})
    path = folder / "manifest.json"
    path.write_text(json.dumps({"scenarios": scenarios, **manifest}), encoding="utf-8")
    return path
