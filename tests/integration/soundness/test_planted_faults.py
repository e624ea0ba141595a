"""A wrong value in any table, and a bug in the processor's own code, fail the check that names table and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.livepeer.lifecycle import session
from pipelines.livepeer.parsers import ingest, payments
from streamproof.model.results import CheckResult, Status
from streamproof.runs.runner import run_stage
from streamproof.stages.registry import STAGES
from streamproof.warehouse.clickhouse.client import execute
from tests.support.pipeline_in_engine import EngineRun, PipelineInEngine

pytestmark = pytest.mark.engine

# Statement, object, columns that must be named. Each object is damaged once, so that all can be judged together.
WRONG_VALUES = [
    ("ALTER TABLE discovery_results UPDATE latency_ms = 1 WHERE 1", "discovery_results", {"latency_ms"}),
    ("ALTER TABLE network_capabilities UPDATE gpu_name = 'x' WHERE 1", "network_capabilities", {"gpu_name"}),
    (
        "ALTER TABLE stream_ingest_metrics UPDATE video_packets_lost = 9 WHERE 1",
        "stream_ingest_metrics",
        {"video_packets_lost"},
    ),
    ("ALTER TABLE payment_events UPDATE face_value = '1 WEI' WHERE 1", "payment_events", {"face_value"}),
    ("ALTER TABLE fact_workflow_sessions UPDATE gateway = 'zz' WHERE 1", "fact_workflow_sessions", {"gateway"}),
    ("ALTER TABLE ai_stream_status UPDATE state = 'OFFLINE' WHERE 1", "ai_stream_status", {"state"}),
    (
        "ALTER TABLE stream_trace_events UPDATE orchestrator_url = 'x' WHERE 1",
        "stream_trace_events",
        {"orchestrator_url"},
    ),
    (
        "ALTER TABLE fact_stream_ingest_samples UPDATE audio_jitter = nan WHERE 1",
        "fact_stream_ingest_samples",
        {"audio_jitter"},
    ),
    (
        "ALTER TABLE fact_lifecycle_edge_coverage UPDATE unmatched_reason = '' WHERE 1",
        "fact_lifecycle_edge_coverage",
        {"unmatched_reason"},
    ),
    (
        "ALTER TABLE dim_orchestrator_capability_prices UPDATE price_per_unit = price_per_unit + 1 WHERE 1",
        "dim_orchestrator_capability_prices",
        {"price_per_unit"},
    ),
    ("ALTER TABLE streaming_events UPDATE gateway = concat(gateway, 'x') WHERE 1", "streaming_events", {"gateway"}),
    (
        "ALTER TABLE record_dispositions UPDATE dedup_strategy = 'x' WHERE 1",
        "record_dispositions",
        {"dedup_strategy"},
    ),
]


@pytest.fixture
def golden(home: Path) -> Path:
    return home / "include/fixtures/livepeer/golden/manifest.json"


def judged(run: EngineRun) -> dict[str, CheckResult]:
    return {check.name: check for check in run_stage(run.ctx, STAGES["oracle"]).checks}


def named_columns(check: CheckResult) -> set[str]:
    columns: dict[str, Any] = check.diagnostics.get("columns", {})
    return set(columns)


def test_wrong_values_are_named_by_table_and_column(pipeline: PipelineInEngine, golden: Path) -> None:
    run = pipeline.load(golden)
    for statement, _, _ in WRONG_VALUES:
        execute(run.client, statement)
    checks = judged(run)
    found = {name: named_columns(checks[f"parity_{name}"]) for _, name, _ in WRONG_VALUES}
    assert {name: columns & found[name] for _, name, columns in WRONG_VALUES} == {
        name: columns for _, name, columns in WRONG_VALUES
    }
    example = checks["parity_payment_events"].diagnostics["columns"]["face_value"]["examples"][0]
    assert example["seen"] == "1 WEI"
    assert example["expected"].endswith(" WEI") and example["expected"] != "1 WEI"
    assert example["key"]


def swapped_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    swap = {"faceValue": "price", "price": "faceValue"}
    monkeypatch.setattr(payments, "KEYS", tuple(swap.get(key, key) for key in payments.KEYS))


def audio_for_video(monkeypatch: pytest.MonkeyPatch) -> None:
    children = ingest.children
    swap = {"audio": "video", "video": "audio"}

    def swapped(holder: Any, key: str) -> list[Any]:
        return [{**track, "type": swap.get(track.get("type"), "")} for track in children(holder, key)]

    monkeypatch.setattr(ingest, "children", swapped)


def nobodys_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    row = session.facts.session_row

    def wrong(*arguments: Any) -> tuple[Any, ...]:
        columns = list(row(*arguments))
        columns[7] = "nobody"
        return tuple(columns)

    monkeypatch.setattr(session.facts, "session_row", wrong)


@pytest.mark.parametrize(
    ("plant", "table", "columns"),
    [
        (swapped_prices, "payment_events", {"face_value", "price"}),
        (audio_for_video, "stream_ingest_metrics", {"video_jitter", "audio_jitter"}),
        (nobodys_gateway, "fact_workflow_sessions", {"gateway"}),
    ],
)
def test_a_bug_of_the_processor_is_named(
    pipeline: PipelineInEngine, golden: Path, monkeypatch: pytest.MonkeyPatch, plant: Any, table: str, columns: set[str]
) -> None:
    plant(monkeypatch)
    checks = judged(pipeline.load(golden))
    check = checks[f"parity_{table}"]
    assert check.status is Status.FAILED
    assert columns <= named_columns(check)
