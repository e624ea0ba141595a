"""Fixture sets that the project did not make: no checksums, data as text or objects, times as digits or numbers."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system

SCENARIO = "scenario_2_no_orchestrator_then_closed"
OUTCOME = ("known_stream", "startup_success", "startup_excused", "startup_unexcused")
SWAPS = ("confirmed_swap_count", "inferred_orchestrator_change_count")
ERRORS = ("error_count", "excusable_error_count")
EDGES = ("first_stream_request_ts", "first_processed_ts", "first_playable_ts")
LATENCIES = ("prompt_to_first_frame_ms", "startup_time_ms", "e2e_latency_ms")


@pytest.fixture(scope="module")
def unseen():
    """The module that writes the twelve sessions."""
    spec = importlib.util.spec_from_file_location("unseen", Path(__file__).parent / "unseen" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sessions_of(cli, summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return `sessions.json` of a run by session."""
    rows = json.loads((cli.folder(summary) / "sessions.json").read_text(encoding="utf-8"))
    assert len({row["workflow_session_id"] for row in rows}) == len(rows)
    return {row["workflow_session_id"]: row for row in rows}


def test_every_session_comes_to_what_its_events_say(cli, unseen, tmp_path):
    ended = cli.run("--manifest", str(unseen.write_set(tmp_path / "set")))
    assert ended.code == 0, ended.stderr
    assert ended.json["verdict"] == "passed"
    assert ended.json["fixture"]["events"] == 116 + 12
    found = sessions_of(cli, ended.json)
    told = {unseen.session_id(session): session for session in unseen.read("sessions.yaml")}
    assert set(found) == set(told)
    for key, session in told.items():
        row, expect = found[key], session["expect"]
        assert {
            "session_start_ts": row["session_start_ts"],
            "session_end_ts": row["session_end_ts"],
            "flags": [row[name] for name in OUTCOME],
            "swaps": [row[name] for name in SWAPS],
            "errors": [row[name] for name in ERRORS],
            "edges": [row[name] for name in EDGES],
            "latencies": [row[name] for name in LATENCIES],
            "orchestrator_address": row["orchestrator_address"],
            "fps": row["avg_output_fps"],
        } == expect, key
        assert row["scenario_expected"] == row["scenario_observed"] == session["scenario"]
        assert row["oracle_differences"] == []
    report = (cli.folder(ended.json) / "report.html").read_text(encoding="utf-8")
    assert "sessions.json" in report
    assert all(key in report for key in told)


def test_a_session_under_another_scenario_fails_the_run_by_name(cli, unseen, tmp_path):
    wrong = {"str_Ww64eHu5aBn0|00000042": "scenario_1_clean_success_no_swap_fps_gt_12"}
    ended = cli.run("--manifest", str(unseen.write_set(tmp_path / "set", labels=wrong)))
    assert ended.code == 1, ended.stderr
    assert ended.json["verdict"] == "failed"
    assert {failure["name"] for failure in ended.json["failures"]} == {"scenario_identity"}
    (failure,) = ended.json["failures"]
    assert failure["sessions"] == list(wrong)
    (difference,) = failure["diagnostics"]["differences"]
    assert difference["expected"] == "scenario_1_clean_success_no_swap_fps_gt_12"
    assert difference["observed"] == ["scenario_3_success_with_swap"]
    row = sessions_of(cli, ended.json)[difference["workflow_session_id"]]
    assert (row["scenario_expected"], row["scenario_observed"]) == (difference["expected"], *difference["observed"])


def line(event_id: str, family: str, at: int | str, data: object) -> dict[str, object]:
    return {
        "__table": "streaming_events", "__scenario": SCENARIO, "__workflow_session_id": "s-1|r-1", "id": event_id,
        "type": family, "timestamp": at, "gateway": "gw", "data": data,
    }  # fmt: skip


def trace(kind: str, at: int) -> dict[str, object]:
    nobody = {"address": "", "url": ""}
    return {"type": kind, "stream_id": "s-1", "request_id": "r-1", "timestamp": at, "orchestrator_info": nobody}


def write_one_session(folder: Path) -> Path:
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


def test_a_single_session_is_replayed_and_judged(cli, tmp_path):
    ended = cli.run("--manifest", str(write_one_session(tmp_path / "set")))
    assert ended.code == 0, ended.stderr
    assert ended.json["fixture"]["events"] == 6
    assert any("checksum" in notice for notice in ended.json["notices"])
    row = sessions_of(cli, ended.json)["s-1|r-1"]
    assert (row["scenario_expected"], row["scenario_observed"]) == (SCENARIO, SCENARIO)
