"""Short notation for capabilities and signals, and the latest content of the rows that they make.

Times in cases are seconds after T0. A signal has one of the keys `trace` (its subtype), `status` (its state), `notice`
(its type) and `ingest` (its quality).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from pipelines.livepeer import tables as typed
from pipelines.livepeer.fields import moment
from pipelines.livepeer.lifecycle import tables
from pipelines.livepeer.lifecycle.engine import Lifecycle

T0 = 1_781_000_000_000
CASES = Path(__file__).parent / "cases"
Typed = tuple[str, tuple[Any, ...], str]


def cases(name: str) -> list[Any]:
    """Return a table of cases."""
    return yaml.safe_load((CASES / f"{name}.yaml").read_text())


def ms(seconds: float) -> int:
    return T0 + round(seconds * 1000)


def row(table: str, **values: Any) -> tuple[Any, ...]:
    """Return a typed row with the named columns; the others are blank, or 0 where the column is a number."""
    known = {"source_partition": 0, "source_offset": 0, "output_fps": 0.0, "input_fps": 0.0, **values}
    assert known.keys() - {"source_partition", "source_offset", "output_fps", "input_fps"} <= {*typed.COLUMNS[table]}
    return tuple(known.get(name, "") for name in typed.COLUMNS[table])


def capability(at: float, **values: Any) -> Typed:
    """Return the row of a snapshot: `proxy`, `wallet`, `url`, `pipeline`, `model`, `gpu`."""
    made = row(
        "network_capabilities",
        event_timestamp=moment(ms(at)),
        local_address=values.pop("proxy", ""),
        orchestrator_address=values.pop("wallet", ""),
        orch_uri=values.pop("url", ""),
        pipeline=values.pop("pipeline", "live-video-to-video"),
        model_id=values.pop("model", ""),
        gpu_id=values.pop("gpu", None),
    )
    assert not values, values
    return "network_capabilities", made, "gw"


def signal(at: float, uid: str, **values: Any) -> Typed:
    """Return the typed row of a signal. `envelope_at` is a trace's envelope time where it differs."""
    gateway = values.pop("gateway", "gw")
    common: dict[str, Any] = {
        "event_timestamp": moment(ms(values.pop("envelope_at", at))),
        "stream_id": values.pop("stream", "s"),
        "request_id": values.pop("request", "r"),
        "raw_event_uid": uid,
        "source_topic": "events",
        "source_offset": values.pop("offset", 7),
    }
    where = {"orchestrator_address": values.pop("wallet", ""), "orchestrator_url": values.pop("url", "")}
    if "trace" in values:
        made = row(
            "stream_trace_events", trace_type=values.pop("trace"), data_timestamp=moment(ms(at)), **common, **where
        )
        table = "stream_trace_events"
    elif "status" in values:
        start = values.pop("start", None)
        made = row(
            "ai_stream_status",
            state=values.pop("status"),
            pipeline=values.pop("model", ""),
            output_fps=float(values.pop("fps", 0)),
            last_error=values.pop("last_error", None),
            start_time=moment(0 if start is None else ms(start)),
            gateway=gateway,
            **common,
            **where,
        )
        table = "ai_stream_status"
    elif "notice" in values:
        model, message = values.pop("model", ""), values.pop("message", "")
        made = row("ai_stream_events", event_type=values.pop("notice"), pipeline=model, message=message, **common)
        table = "ai_stream_events"
    else:
        made = row("stream_ingest_metrics", connection_quality=values.pop("ingest"), bytes_sent=9, **common)
        table = "stream_ingest_metrics"
    assert not values, values
    return table, made, gateway


def inputs(case: dict[str, Any]) -> tuple[list[Typed], list[Typed]]:
    """Return the capabilities and the signals of a case; signals are called e0, e1, ... unless they say otherwise."""
    snapshots = [capability(**item) for item in case.get("capabilities", [])]
    signals = [signal(**{"uid": f"e{place}", **item}) for place, item in enumerate(case["signals"])]
    return snapshots, signals


Named = dict[str, Any]


class Warehouse:
    """What readers see: silver rows as written, of the upserts the rows that the greatest version left."""

    def __init__(self) -> None:
        self.silver: list[tuple[str, tuple[Any, ...]]] = []
        self.versions: dict[str, list[int]] = {}
        self._rows: dict[str, list[Named]] = {table: [] for table in tables.STATEFUL_TABLES}

    def write(self, flushed: dict[str, list[tuple[Any, ...]]]) -> None:
        for table, found in flushed.items():
            for item in found:
                named = dict(zip(tables.COLUMNS[table], item, strict=True))
                self._rows[table].append(named)
                if table == tables.SESSIONS:
                    self.versions.setdefault(named["workflow_session_id"], []).append(named["version"])

    def latest(self, table: str) -> list[Named]:
        """Return the latest rows without their versions, in a fixed order."""
        keys = {tables.PARAM_UPDATES: "source_event_uid", tables.EDGE_COVERAGE: "source_event_uid"}
        by_key: dict[Any, list[Named]] = {}
        for item in self._rows[table]:
            key = (item["workflow_session_id"], item.get(keys.get(table, ""), ""))
            by_key.setdefault(key, []).append(item)
        found = []
        for key in sorted(by_key):
            newest = max(item["version"] for item in by_key[key])
            rows = [{**item, "version": None} for item in by_key[key] if item["version"] == newest]
            # A batch that is written again after a restart repeats rows: they must be the same.
            distinct = list({repr(item): item for item in rows}.values())
            found += sorted(distinct, key=lambda item: item.get("segment_index", 0))
        return found

    def content(self) -> dict[str, Any]:
        """Return everything that must not depend on order, batches or restarts."""
        everything: dict[str, Any] = {table: self.latest(table) for table in tables.STATEFUL_TABLES}
        everything["silver"] = sorted(self.silver, key=repr)
        return everything


def feed(lifecycle: Lifecycle, warehouse: Warehouse, items: Iterable[Typed], now_ms: int = T0) -> None:
    """Apply one batch and write what it makes."""
    for table, values, gateway in items:
        made = lifecycle.apply(table, values, gateway)
        if made is not None:
            warehouse.silver.append(made)
    warehouse.write(lifecycle.flush(now_ms))


def run(*batches: Iterable[Typed], lifecycle: Lifecycle | None = None) -> Warehouse:
    """Return the warehouse after some batches."""
    warehouse = Warehouse()
    lifecycle = lifecycle or Lifecycle()
    for batch in batches:
        feed(lifecycle, warehouse, batch)
    return warehouse
