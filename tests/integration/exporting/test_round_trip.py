"""A set goes through the pipeline, is exported from its database, and goes through it again: everything is the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamproof.checks.check_files import CheckFiles
from streamproof.fixtures.verify import check_fixture_set
from streamproof.model.results import Verdict
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
