"""The content of summary.json."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from streamproof.model.results import LAYERS, Status
from streamproof.report.summary import build_summary, first_broken_layer
from streamproof.report.terminal.verdict import show_verdict

DESIGN_KEYS = [
    "run_id", "pack", "mode", "verdict", "window", "stack", "git_commit", "fixture", "results", "checks", "failures",
    "first_broken_layer", "rerun",
]  # fmt: skip


@pytest.mark.parametrize("verdict", ["passed", "failed", "error"])
def test_it_has_the_keys_of_the_design_in_their_order(summarize, verdict):
    summary, _ = summarize(verdict)
    assert [key for key in summary if key in DESIGN_KEYS] == DESIGN_KEYS
    assert summary["verdict"] == verdict
    assert set(summary["window"]) == {"from_ts", "to_ts"}
    assert {"name", "kafka", "clickhouse", "processor", "versions"} <= set(summary["stack"])
    assert set(summary["fixture"]) == {"manifest", "sha256", "events"}
    for stage in summary["results"]:
        assert list(stage) == ["stage", "status", "started_at", "ended_at", "duration_sec", "error"]
    for failure in summary["failures"]:
        assert {"suite", "name", "failed_rows", "diagnostics", "sessions"} <= set(failure)
    assert json.loads(json.dumps(summary)) == summary


def test_it_names_the_failed_checks_and_the_first_layer_that_they_put_in_doubt(summarize):
    summary, _ = summarize("failed")
    assert [(failure["suite"], failure["name"]) for failure in summary["failures"]] == [
        ("raw_typed", "raw_to_typed_counts_match"),
        ("conservation", "rows_named_exist"),
    ]
    assert summary["first_broken_layer"] == "typed"
    assert summary["failures"][0]["sessions"] == ["strm-7q|req-19c2"]


def test_skipped_checks_are_counted_apart_and_diagnostics_nowhere(samples):
    results = samples.failed_results()
    shown = {"name": "d", "source_file": "d.sql", "values": {"seen": 1}, "skipped": "", "error": "no such table"}
    results["assert_raw_typed"] = replace(results["assert_raw_typed"], details={"diagnostics": [shown]})
    checks = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")["checks"]
    assert checks == {"total": 13, "passed": 11, "failed": 2, "errored": 0, "skipped": 1}


def test_an_error_names_the_cause_and_not_the_stages_that_it_kept_from_running(summarize):
    summary, _ = summarize("error")
    assert summary["error"] == "replay_events: The broker closed the connection after 1,822 of 4,321 events."
    assert summary["hint"].startswith("Look at stack/logs/kafka.log")
    assert summary["not_run"] == ["pipeline_wait", "query_pack", "assert_raw_typed", "contracts", "conservation"]
    assert summary["checks"]["total"] == 0
    assert summary["first_broken_layer"] is None


def test_a_run_without_any_stage_says_what_did_not_run(samples):
    summary = build_summary(samples.plan(), {}, None, ended_at="2026-03-01T02:15:10.000Z")
    assert summary["verdict"] == "error"
    assert summary["error"].startswith("The run ended before these stages: stack_up, schema_apply, ")
    assert summary["started_at"] == samples.plan().created_at
    assert summary["duration_sec"] == 10.0
    assert summary["stack"]["versions"] == {}


def test_a_check_that_could_not_be_judged_is_named_apart_from_the_failures(samples):
    results = samples.passed_results()
    broken = samples.check("odd", Status.ERRORED, error="no column failed_rows")
    results["assert_raw_typed"] = samples.stage("assert_raw_typed", Status.ERRORED, checks=(samples.check("a"), broken))
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    assert summary["verdict"] == "error"
    assert summary["failures"] == []
    assert [(check["name"], check["line"]) for check in summary["not_judged"]] == [("odd", 5)]
    assert "raw_typed.odd could not be judged: no column failed_rows" in summary["error"]


def test_it_keeps_notices_and_what_was_injected(samples):
    results = samples.passed_results()
    injected = samples.stage("query_pack", details={"statements": ["DELETE FROM x"]})
    plan = samples.plan(inject="/tmp/break.sql", notices=("Kafka is a MOCK.",))
    summary = build_summary(plan, {**results, "inject": injected}, None, ended_at="2026-03-01T02:15:10.000Z")
    assert summary["notices"] == ["Kafka is a MOCK."]
    assert summary["injected"] == {"file": "/tmp/break.sql", "statements": ["DELETE FROM x"], "done": True}


def test_it_names_the_dag_run_that_made_it(samples):
    plan = samples.plan(dag_id="streamproof_run", dag_run_id="manual__1")
    made = build_summary(plan, samples.passed_results(), None, ended_at="2026-03-01T02:15:10.000Z")
    by_hand = build_summary(samples.plan(), samples.passed_results(), None, ended_at="2026-03-01T02:15:10.000Z")
    assert made["dag_run"] == {"dag_id": "streamproof_run", "run_id": "manual__1"}
    assert by_hand["dag_run"] is None


@pytest.mark.parametrize("first", range(len(LAYERS)))
def test_the_first_broken_layer_follows_the_flow_of_the_data(samples, first):
    failed = [samples.check(layer, Status.FAILED, layer=layer) for layer in reversed(LAYERS[first:])]
    assert first_broken_layer(failed) == LAYERS[first]


def test_no_layer_is_named_when_nothing_failed_or_no_check_names_one(samples):
    assert first_broken_layer([]) is None
    assert first_broken_layer([samples.check("x", Status.FAILED, layer="")]) is None


def test_it_tells_how_the_set_was_replayed_and_how_exactly(samples):
    error = {"median_ms": 0.7, "p99_ms": 2.0, "max_ms": 3.5}
    replayed = replace(
        samples.stage("replay_events"), details={"rate_per_sec": 5.5, "duration_sec": 10.0, "send_error": error}
    )
    plan = samples.plan(speed="60x", shift_to="now", shift_ms=3_600_000, first_events=100)
    ended = "2026-03-01T02:15:10.000Z"
    summary = build_summary(plan, {"replay_events": replayed}, None, ended_at=ended)
    assert summary["replay"] == {
        "speed": "60x", "shift_to": "now", "shift_ms": 3_600_000, "first_events": 100,
        "rate_per_sec": 5.5, "duration_sec": 10.0, "send_error": error,
    }  # fmt: skip
    out = io.StringIO()
    show_verdict(Console(file=out, width=200), summary)
    assert "60x: sent within 0.70 ms of their time (median), 2.00 ms (p99), 3.50 ms (max)" in out.getvalue()
    assert build_summary(samples.plan(), {}, None, ended_at=ended)["replay"]["send_error"] is None


def test_it_tells_how_the_runs_of_a_pipeline_that_fetches_went(samples):
    details = {
        "repetitions": [{"number": 1, "seconds": 2.5, "peak_rss_bytes": 9, "requests": 3, "rows": {"t": 4}}],
        "requests": 3, "by_status": {"200": 3}, "bytes": 10, "faults": {}, "never_served": None, "published": 4,
    }  # fmt: skip
    served = replace(samples.stage("replay_events"), details=details)
    summary = build_summary(samples.plan(), {"replay_events": served}, None, ended_at="2026-03-01T02:15:10.000Z")
    assert summary["serving"] == {name: value for name, value in details.items() if name != "published"}
    published = build_summary(samples.plan(), {}, None, ended_at="2026-03-01T02:15:10.000Z")
    assert published["serving"] is None


def test_a_trace_query_that_cannot_be_run_is_a_notice_and_the_verdict_stands(samples, summarize):
    queries = [{"name": "01_raw", "error": None}, {"name": "02_typed", "error": "Arrays must have equal size"}]
    results = samples.passed_results() | {"query_pack": samples.stage("query_pack", details={"queries": queries})}
    summary = build_summary(samples.plan(notices=("first",)), results, samples.stack_state(), ended_at="")
    assert summary["verdict"] == "passed"
    assert summary["notices"] == ["first", "Trace query 02_typed could not be run: Arrays must have equal size"]
