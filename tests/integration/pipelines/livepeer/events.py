"""Invented events for the tests on real engines."""

from __future__ import annotations

from typing import Any

SESSION = {"stream_id": "demo-stream-17", "request_id": "c0ffee01"}
ORCHESTRATOR = {"address": "0xAbC0000000000000000000000000000000000001", "url": "https://orch-a.example:8935"}


def event(family: str, number: int, data: object, **envelope: object) -> dict[str, Any]:
    """Return an envelope; number makes id and time."""
    base = {"id": f"id-{number}", "type": family, "timestamp": str(1_781_000_000_000 + number), "gateway": "gw"}
    return {**base, "data": data, **envelope}


def trace(number: int, **data: object) -> dict[str, Any]:
    return event("stream_trace", number, {"type": "gateway_receive_stream_request", **SESSION, **data})


def status(number: int, fps: object = 16.4) -> dict[str, Any]:
    inference = {
        "fps": fps,
        "restart_count": 2**32 - 1,
        "last_error": 'é " \\ \n \u0000',
        "last_error_time": 1_781_000_000_005,
        "last_params": {"prompt": "lighthouse", "width": 65535, "height": 0},
    }
    data = {**SESSION, "pipeline": "imagine-xl", "state": "ONLINE", "orchestrator_info": ORCHESTRATOR}
    return event("ai_stream_status", number, {**data, "inference_status": inference, "start_time": 1_781_000_000_001})


def capabilities(number: int) -> dict[str, Any]:
    gpu = {"id": "GPU-1", "name": "DemoCard", "memory_total": 2**64 - 1, "major": 255}
    orchestrator = {
        "address": "0xCaNoN",
        "local_address": "0xABC",
        "orch_uri": "https://orch-a.example:8935",
        "capabilities": {
            "version": "0.9.0",
            "capacities": {"35": 300},
            "constraints": {"PerCapability": {"35": {"models": {"imagine-xl": {"warm": True, "capacity": 300}}}}},
        },
        "capabilities_prices": [{"capability": 35, "constraint": "imagine-xl", "pricePerUnit": 24, "pixelsPerUnit": 1}],
        "hardware": [
            {"pipeline": "live-video-to-video", "model_id": "imagine-xl", "gpu_info": {"0": gpu, "1": {"id": "GPU-2"}}}
        ],
    }
    without_hardware = {**orchestrator, "address": "0xother", "hardware": None}
    return event("network_capabilities", number, [orchestrator, without_hardware])


def one_of_each(first: int) -> list[dict[str, Any]]:
    """Return a valid event of every family."""
    payment = dict.fromkeys(("sessionID", "manifestID", "sender", "recipient", "orchestrator"), "x")
    amounts = {"faceValue": "5 WEI", "numTickets": "1", "price": "1.0 wei/pixel", "winProb": "0.5"}
    track = {"type": "video", "rtt": 3.4e38}
    ingest = {"stats": {"conn_quality": "good", "peer_conn_stats": {"BytesSent": 2**64 - 1}, "track_stats": [track]}}
    return [
        trace(first),
        status(first + 1),
        event("ai_stream_events", first + 2, {**SESSION, "type": "error", "pipeline": "p", "message": "boom"}),
        event("stream_ingest_metrics", first + 3, {**SESSION, **ingest}),
        capabilities(first + 4),
        event("discovery_results", first + 5, [{"address": "0xA", "url": "u", "latency_ms": "4294967295"}]),
        event("create_new_payment", first + 6, {**payment, **amounts}),
    ]
