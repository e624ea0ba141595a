"""Writes the unseen set in the documented format, as an exporter of captured events would, by means of its own."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

HERE = Path(__file__).parent
HOUR = timedelta(hours=1)

Row = dict[str, Any]


class _TextTimes(yaml.SafeLoader):
    """Leaves times as the text that they are."""


_TextTimes.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(name: str) -> Any:
    """Return a table of this folder."""
    return yaml.load((HERE / name).read_text(encoding="utf-8"), _TextTimes)


def session_id(session: Row) -> str:
    """Return the id under which the warehouse knows a session."""
    return f"{session['stream']}|{session['request']}"


def epoch_ms(moment: str) -> int:
    """Return Unix milliseconds of an ISO-8601 time."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def write_set(folder: Path, *, labels: dict[str, str] | None = None) -> Path:
    """Write session files and manifest; return the manifest's path. `labels` are scenarios other than the true ones."""
    sessions, network = read("sessions.yaml"), read("orchestrators.yaml")
    wrong = labels or {}
    told = {session_id(one): _lines(one, network) for one in sessions}
    scenarios: dict[str, Row] = {}
    for session in sessions:
        key, scenario = session_id(session), wrong.get(session_id(session), session["scenario"])
        # The exporter looks for the stream or the request: attempts of one stream are in each other's files.
        akin = [other for other in sessions if other["stream"] == session["stream"]]
        rows = [row for other in akin for row in told[session_id(other)]]
        file = f"{scenario}/{key.replace('|', '_')}.jsonl"
        _write_lines(folder / file, scenario, key, rows)
        listed = scenarios.setdefault(scenario, {"candidate_count": 0, "sessions": []})
        listed["candidate_count"] += 1
        listed["sessions"].append(_entry(session, file, rows))
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(_manifest(sessions, scenarios), indent=2), encoding="utf-8")
    return manifest


def _manifest(sessions: list[Row], scenarios: dict[str, Row]) -> Row:
    times = [datetime.fromisoformat(one["at"]) for one in sessions]
    ends = [datetime.fromisoformat(one["expect"]["session_end_ts"]) for one in sessions]
    window = {"from_ts": f"{min(times) - HOUR:%FT%TZ}", "to_ts": f"{max(ends) + HOUR:%FT%TZ}"}
    return {
        "generated_at": "2026-03-02T08:00:00Z",
        "window": window,
        "source": {"host": "warehouse", "port": 8123, "database": "analytics", "scenario_sql": "candidates.sql"},
        "scenarios": scenarios,
        "metadata": {"query_window": {}, "manifest_window_padding_minutes": 60},
    }


def _entry(session: Row, file: str, rows: list[Row]) -> Row:
    expect = session["expect"]
    counts = Counter(row["type"] for row in rows)
    return {
        "workflow_session_id": session_id(session),
        "stream_id": session["stream"],
        "request_id": session["request"],
        "session_start_ts": expect["session_start_ts"],
        "session_end_ts": None if session["gateway"] == "" else expect["session_end_ts"],
        "file": file,
        "table_counts": {
            "streaming_events": len(rows),
            **{f"streaming_events:{family}": count for family, count in counts.items()},
        },
    }


def _write_lines(path: Path, scenario: str, key: str, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    marks = {"__table": "streaming_events", "__scenario": scenario, "__workflow_session_id": key}
    rows = sorted(rows, key=lambda row: (int(row["timestamp"]), row["id"]))
    text = "".join(json.dumps({**marks, **row}, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def _lines(session: Row, network: Row) -> list[Row]:
    start = epoch_ms(session["at"])
    capability = _row(session, start - session["snapshot"], "network_capabilities", network["capabilities"])
    rows = [capability]
    for number, event in enumerate(session["events"]):
        family, data = _payload(session, event, start, network["named"])
        rows.append(_row(session, start + event["t"], family, data, number=number))
    return rows


def _row(session: Row, at: int, family: str, data: Any, *, number: int = -1) -> Row:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{session_id(session)}/{number}")),
        "type": family,
        # Live traffic has digits, exports have numbers.
        "timestamp": str(at) if number % 3 == 0 else at,
        "gateway": session["gateway"],
        "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")),
    }


def _payload(session: Row, event: Row, start: int, named: Row) -> tuple[str, Row]:
    ids = {"stream_id": session["stream"], "request_id": session["request"], "pipeline_id": ""}
    who = {"orchestrator_info": named.get(event.get("by"), {"address": "", "url": ""})}
    if "trace" in event:
        own = {"timestamp": start + event["t"] + event["own"]} if "own" in event else {}
        swap = {"pipeline": session["model"], "message": event["message"]} if "message" in event else {}
        return "stream_trace", {"type": event["trace"], **ids, **own, **who, **swap}
    if "event" in event:
        said = {"message": event["message"]} if "message" in event else {"params": None, **who}
        return "ai_stream_events", {
            "type": event["event"], **ids, "pipeline": session["model"], "capability": "", **said,
        }  # fmt: skip
    return "ai_stream_status", {"type": "status", **ids, "pipeline": session["model"], **_status(event, start), **who}


def _status(event: Row, start: int) -> Row:
    at, began = start + event["t"], event.get("start")
    started = {"start_time": None if began is None else start + began} if "start" in event else {}
    return {
        "state": event.get("state", "ONLINE"),
        **started,
        "timestamp": at + 3,
        "last_state_update_time": at - 2000.5,
        "inference_status": {
            "fps": event["status"],
            "last_output_time": at - 30,
            "last_params": {"width": 512, "height": 512, "prompt": {"5": {"inputs": {"text": "Leuchtturm, ≈ 4 °C"}}}},
            "last_params_hash": "-4171229371733471",
            "last_params_update_time": None,
            "last_error": event.get("last_error"),
            "last_error_time": at if event.get("last_error") else None,
            "restart_count": 0,
            "last_restart_time": None,
            "last_restart_logs": None,
        },
        "input_status": {"fps": 24.9, "last_input_time": at},
    }
