"""A small replay whose every record is accounted for, written by hand, with every disposition."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from streamproof.packs.loading import load_pack

PACK = load_pack(Path(__file__).resolve().parents[3], "livepeer")
TOPIC = "run.streaming_events"
START_MS = 1_772_035_200_000  # 2026-02-25T16:00:00Z
SESSION = "strm-1|req-1"
# The time column of each silver table.
SILVER_TIMES = {
    "fact_stream_status_samples": "sample_ts",
    "fact_stream_trace_edges": "edge_ts",
    "fact_stream_ingest_samples": "sample_ts",
}

Rows = dict[str, list[dict[str, Any]]]


def stamp(milliseconds: int) -> str:
    # Ten digits: ClickHouse takes fewer for another way to write a time.
    return f"{milliseconds // 1000:010d}.{milliseconds % 1000:03d}"


@dataclass
class Replay:
    """Rows by table, grown record by record."""

    rows: Rows = field(default_factory=dict)
    expected: dict[str, dict[str, int]] = field(default_factory=lambda: {"dlq": {}, "quarantine": {}, "ignored": {}})
    published_ids: dict[str, set[str]] = field(default_factory=dict)
    offset: int = 0

    def add(self, table: str, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)

    def event(
        self, event_type: str, data: Any, typed: Rows | None = None, event_id: str | None = None, **fate: Any
    ) -> None:
        """Publish an event; `typed` gives the rows that it becomes, by table."""
        event_id = f"id-{self.offset}" if event_id is None else event_id
        moment = START_MS + self.offset * 1000
        text = orjson.dumps(data).decode()
        head = {"id": event_id} if event_id else {}
        envelope = {**head, "type": event_type, "timestamp": str(moment), "gateway": "gw"}
        payload = f'{orjson.dumps(envelope).decode()[:-1]},"data":{text}}}'
        self.record(payload, event_type, event_id, typed or {}, timestamp=moment, data=text, **fate)

    def record(
        self,
        payload: str | None,
        event_type: str,
        event_id: str,
        typed: Rows,
        *,
        disposition: str = "accepted",
        failure_class: str = "",
        reason: str = "",
        timestamp: int = 0,
        data: str = "",
        reject_rows: int = 1,
        stated: bool = True,
    ) -> None:
        """Publish a Kafka record: its ledger row, raw row, disposition, typed rows and reject row."""
        moment = START_MS + self.offset * 1000
        source = {"source_topic": TOPIC, "source_partition": 0, "source_offset": self.offset}
        uid = event_id or hashlib.sha256((payload or "").encode()).hexdigest()
        kind = "null" if payload is None else "bytes" if payload else "empty"
        if event_id:
            self.published_ids.setdefault(event_type, set()).add(event_id)
        if disposition != "accepted":
            counts = self.expected[disposition]
            counts[event_type] = counts.get(event_type, 0) + 1
        self.add(
            "replay_ledger",
            **source,
            sequence=self.offset,
            record_timestamp=stamp(moment),
            event_id=event_id,
            event_type=event_type,
            workflow_session_id=SESSION,
            value_kind=kind,
            value_sha256="" if payload is None else hashlib.sha256(payload.encode()).hexdigest(),
            expected_disposition=disposition if stated else "",
            expected_class=failure_class if stated else "",
            expected_reason=reason if stated else "",
        )
        if payload:
            self.add(
                "streaming_events",
                **source,
                id=event_id,
                type=event_type,
                timestamp=timestamp,
                data=data,
                payload=payload,
                source_record_timestamp=stamp(moment),
                headers={"sp-run-id": "run", "sp-sequence": str(self.offset)},
            )
        written = {table: len(entries) for table, entries in typed.items()}
        for table, entries in typed.items():
            for entry in entries:
                lineage = {"event_timestamp": stamp(moment), "raw_event_uid": uid, "raw_json": payload}
                if table in SILVER_TIMES:
                    lineage = {SILVER_TIMES[table]: stamp(moment), "source_event_uid": uid}
                self.add(table, **{**lineage, **source, **entry})
        table = {"dlq": "streaming_events_dlq", "quarantine": "streaming_events_quarantine"}.get(disposition)
        if table and reject_rows:
            written[table] = reject_rows
            for _ in range(reject_rows):
                self.add(
                    table,
                    **source,
                    source_record_timestamp=stamp(moment),
                    event_id=event_id,
                    event_type=event_type,
                    failure_class=failure_class,
                    failure_reason=reason,
                )
        self.add(
            "record_dispositions",
            **source,
            source_record_timestamp=stamp(moment),
            event_id=event_id,
            event_type=event_type,
            disposition=disposition,
            failure_class=failure_class,
            reason=reason,
            rows_written=written,
        )
        self.offset += 1

    def parameters(self) -> dict[str, object]:
        """What a run gives its checks."""
        return {
            **PACK.query_parameters,
            "from_ts": "2026-02-25 15:00:00.000",
            "to_ts": "2026-02-25 17:00:00.000",
            "input_topic": TOPIC,
            "published_records": self.offset,
            "published_ids": {name: len(ids) for name, ids in self.published_ids.items()},
            "published_in_window": {name: len(ids) for name, ids in self.published_ids.items()},
            **{f"expected_{fate}": counts for fate, counts in self.expected.items()},
        }


GPU = {"0": {"id": "GPU-1", "name": "Card"}, "1": {"id": "GPU-2", "name": "Card"}}
ORCHESTRATOR = {
    "address": "0xA",
    "local_address": "0xB",
    "orch_uri": "https://a.example",
    "capabilities": {
        "capacities": {"35": 1, "x": 2},
        "constraints": {"PerCapability": {"35": {"models": {"m": {"warm": True}}}}},
    },
    "capabilities_prices": [{"capability": 35, "constraint": "m", "pricePerUnit": 1, "pixelsPerUnit": 1}],
    "hardware": [{"pipeline": "p", "model_id": "m", "gpu_info": GPU}],
}
# Without hardware, prices or models: it has content for one shape only.
BARE_ORCHESTRATOR = {"address": "0xC", "capabilities": {"capacities": {"35": 1}}}

_WALLET = {"orchestrator_address": "0xa", "local_address": "0xb", "orch_uri": "https://a.example", "capability_id": 35}
CAPABILITY_ROWS: Rows = {
    "network_capabilities": [{**_WALLET, "model_id": "m", "gpu_id": gpu} for gpu in ("GPU-1", "GPU-2")],
    "network_capabilities_advertised": [_WALLET],
    "network_capabilities_model_constraints": [{**_WALLET, "model_id": "m"}],
    "network_capabilities_prices": [{**_WALLET, "constraint_name": "m"}],
}
STREAM = {"stream_id": "strm-1", "request_id": "req-1"}
SAMPLE = {**STREAM, "workflow_session_id": SESSION}
STATUS_ROWS: Rows = {"ai_stream_status": [STREAM], "fact_stream_status_samples": [SAMPLE]}
TRACE_ROWS: Rows = {"stream_trace_events": [STREAM], "fact_stream_trace_edges": [SAMPLE]}
INGEST_ROWS: Rows = {"stream_ingest_metrics": [STREAM], "fact_stream_ingest_samples": [SAMPLE]}


def consistent_replay() -> Replay:
    """Every family, and every way in which a record can be turned away."""
    replay = Replay()
    replay.event("network_capabilities", [ORCHESTRATOR], CAPABILITY_ROWS)
    bare = {"network_capabilities_advertised": [{"orchestrator_address": "0xc", "capability_id": 35}]}
    replay.event("network_capabilities", BARE_ORCHESTRATOR, bare)
    replay.event("network_capabilities", [])
    # One of its four parsers failed: some rows are written, and the record is a dead letter all the same.
    replay.event(
        "network_capabilities",
        [{**ORCHESTRATOR, "capabilities_prices": 5}],
        {name: rows for name, rows in CAPABILITY_ROWS.items() if not name.endswith("prices")},
        disposition="dlq",
        failure_class="PARSING_FAILED",
        reason="parse_exception",
    )
    for _ in range(2):
        replay.event("stream_trace", STREAM, TRACE_ROWS)
        replay.event("ai_stream_status", STREAM, STATUS_ROWS)
        replay.event("ai_stream_events", STREAM, {"ai_stream_events": [STREAM]})
    replay.event("stream_ingest_metrics", STREAM, INGEST_ROWS)
    replay.event("create_new_payment", {"faceValue": "1 WEI"}, {"payment_events": [{"face_value": "1 WEI"}]})
    replay.event(
        "discovery_results",
        [{"address": "0xB"}, {"address": "0xD"}],
        {"discovery_results": [{"orchestrator_address": "0xB"}, {"orchestrator_address": "0xD"}]},
        stated=False,
    )
    replay.event("ai_stream_status", {**STREAM, "n": 1}, STATUS_ROWS, event_id="")
    # A duplicate; of the oversized record not even a reject row could be kept.
    replay.event(
        "stream_trace",
        STREAM,
        event_id="id-4",
        disposition="quarantine",
        failure_class="DUPLICATE",
        reason="duplicate_event",
    )
    replay.event(
        "stream_trace",
        {"pad": "x"},
        disposition="dlq",
        failure_class="RECORD_TOO_LARGE",
        reason="record_too_large",
        reject_rows=0,
    )
    replay.event("ai_stream_events", {}, disposition="dlq", failure_class="SCHEMA_INVALID", reason="missing_field")
    replay.event("app_ping", {}, disposition="ignored", reason="unsupported_event_type")
    for payload in ("not json", "", None):
        replay.record(
            payload, "", "", {}, disposition="dlq", failure_class="DESERIALIZATION_FAILED", reason="json_parse_error"
        )
    return replay
