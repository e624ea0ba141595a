"""Generate, run, export from the run's warehouse, run the export: the same facts, by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

# Everything that sessions alone decide, from typed rows to API views.
SAME = (
    *("ai_stream_status", "stream_trace_events", "ai_stream_events", "stream_ingest_metrics"),
    *("fact_stream_status_samples", "fact_stream_trace_edges", "fact_stream_ingest_samples"),
    *("v_latest_sessions", "v_latest_segments", "v_latest_param_updates", "v_latest_latency_samples"),
    *("agg_stream_performance_1m", "v_api_gpu_metrics", "v_api_network_demand", "v_api_sla_compliance"),
)


def test_what_is_exported_from_a_kept_run_gives_the_same_facts(cli, tmp_path):
    kept = cli.run("--run-id", "kept", "--keep-stack", "--suites", "raw_typed")
    try:
        assert kept.code == 0, kept.stderr
        out = tmp_path / "set"
        options = ("--out", str(out), "--limit-per-scenario", "50", "--no-redact", "--json")
        exported = cli("fixtures", "export", "--run", "kept", *options)
        live = cli("notebook", "kept", "--live", "--json")
    finally:
        assert cli("stack", "down", "kept").code == 0
    assert exported.code == 0, exported.stderr
    assert exported.json["manifest"] == str(out / "manifest.json")
    assert "19 of 19 sessions" in exported.stderr
    assert "Warning: the set is not redacted" in exported.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["source"]["run"] == "kept"
    assert {name: found["candidate_count"] for name, found in manifest["scenarios"].items()} == {
        name: found["candidates"] for name, found in exported.json["scenarios"].items()
    }

    assert_read_from_the_warehouse(live)

    again = cli.run("--run-id", "again", "--manifest", str(out / "manifest.json"))
    assert again.code == 0, again.stderr
    tables = [word for name in SAME for word in ("--table", name)]
    diff = cli("diff", "kept", "again", "--json", *tables)
    assert (diff.code, diff.json["differences"]) == (0, []), diff.stdout
    assert diff.json["tables"] == len(SAME)
    assert diff.json["rows_a"] > 300


def assert_read_from_the_warehouse(live):
    """The notebook of the kept run shows what the warehouse holds, and no cell has failed."""
    assert live.code == 0, live.stderr
    cells = json.loads(Path(live.json["notebook"]).read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert {output["output_type"] for output in outputs} == {"execute_result"}
    shown = "\n".join("".join(output["data"]["text/plain"]) for output in outputs)
    assert "The rows are read from database sp_livepeer_kept on 127.0.0.1:" in shown
    assert "## Raw to silver correlation" in shown
    assert "typed: 04_ai_stream_status" in shown
    assert "cannot be run" not in shown
