"""A set goes through the pipeline, is exported from its database, and goes through it again: everything is the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamproof.checks.check_files import CheckFiles
from streamproof.fixtures.verify import check_fixture_set
from streamproof.model.results import Verdict
from streamproof.redaction.redactor import Redactor
from tests.support.pipeline_in_engine import EngineRun

pytestmark = pytest.mark.engine

# What does not belong to a session is not exported: most capability announcements, discoveries, and records that name
# no session. The tables that hold these, and what is made of them:
OF_OTHERS = frozenset(
    {
        *("streaming_events", "streaming_events_dlq", "streaming_events_quarantine", "record_dispositions"),
        *("discovery_results", "payment_events", "v_current_gpus", "network_capabilities"),
        *("network_capabilities_advertised", "network_capabilities_model_constraints", "network_capabilities_prices"),
        *("dim_orchestrator_capability_snapshots", "dim_orchestrator_capability_advertised_snapshots"),
        *("dim_orchestrator_capability_model_constraints", "dim_orchestrator_capability_prices"),
        "dim_orchestrator_capability_current",
    }
)
# The records of sessions as they were published.
RECORDS = """
SELECT hex(payload) AS payload, source_key, mapFilter((name, _) -> name NOT LIKE 'sp-%', headers) AS own_headers
FROM streaming_events
WHERE type IN ('ai_stream_status', 'stream_trace', 'ai_stream_events', 'stream_ingest_metrics')
AND JSONExtractString(data, 'stream_id') != '' AND JSONExtractString(data, 'request_id') != ''
ORDER BY ALL
"""


def content(run: EngineRun, home: Path) -> dict[str, list[str]]:
    """The rows of each table that sessions alone decide."""
    projections = CheckFiles(run.ctx.pack, home).projections
    wanted = [found.block for found in projections if found.block.name not in OF_OTHERS]
    return {block.name: sorted(map(str, run.query(block.sql))) for block in wanted}


@pytest.mark.parametrize("name", ["golden", "hostile"])
def test_the_content_is_the_same_and_the_run_passes(pipeline, load, export, home, tmp_path, name):
    before = load(name)
    facts, records = content(before, home), before.query(RECORDS)
    exported = export(before, tmp_path / "set")
    manifest = tmp_path / "set" / "manifest.json"
    report = check_fixture_set(manifest, rules=before.ctx.pack.replay)
    assert (report.problems, report.bad_lines) == ((), ())
    assert (report.sessions, exported.left_out) == (len(exported.sessions), {"entities": 0, "records": 0})

    after = load(manifest)
    assert len(facts["v_latest_sessions"]) >= 7
    assert content(after, home) == facts
    if name == "golden":
        # A whole run judges this one: tests/system/test_export.py.
        assert after.query(RECORDS) == records
        return
    outcome = pipeline.judge(after, contracts=False)
    assert outcome.verdict is Verdict.PASSED, outcome.explain()


def test_a_second_export_has_the_same_files(load, export, tmp_path):
    for number in (1, 2):
        export(load("golden" if number == 1 else tmp_path / "1" / "manifest.json"), tmp_path / str(number))
    files = {path.relative_to(tmp_path / "1"): path for path in (tmp_path / "1").rglob("*.jsonl")}
    assert len(files) == 19
    for relative, path in files.items():
        assert (tmp_path / "2" / relative).read_bytes() == path.read_bytes()
    one, two = (json.loads((tmp_path / str(n) / "manifest.json").read_text()) for n in (1, 2))
    assert one["scenarios"] == two["scenarios"]
    assert one["schema"] == two["schema"] != {}


# Facts without ids, names and addresses: what a redaction must not change.
FACTS = """
SELECT
    session_start_ts, session_end_ts, known_stream, startup_success, startup_excused, startup_unexcused,
    confirmed_swap_count, inferred_orchestrator_change_count, error_count, excusable_error_count, event_count,
    first_stream_request_ts, first_processed_ts, first_playable_ts, has_model_change, has_pipeline_change,
    status_sample_count, health_signal_count, gpu_attribution_method, gpu_attribution_confidence, model_id, pipeline,
    orchestrator_address = '' AS unknown_wallet, gpu_id IS NULL AS unknown_gpu
FROM v_latest_sessions
ORDER BY ALL
"""
IDS = """
SELECT DISTINCT arrayJoin([stream_id, request_id, orchestrator_address, gateway]) AS id
FROM v_latest_sessions
WHERE id != ''
"""


def test_a_redacted_set_gives_the_same_facts_and_names_nobody(load, export, tmp_path):
    before = load("golden")
    facts, ids = before.query(FACTS), {row["id"] for row in before.query(IDS)}
    redactor = Redactor(before.ctx.pack.redaction, b"a key")
    export(before, tmp_path / "set", redactor=redactor)
    written = "\n".join(f"{path}\n{path.read_text()}" for path in (tmp_path / "set").rglob("*") if path.is_file())
    assert [name for name in ids if name.lower() in written.lower()] == []
    after = load(tmp_path / "set" / "manifest.json")
    assert len(facts) == 19
    assert after.query(FACTS) == facts
    assert not ids & {row["id"] for row in after.query(IDS)}
