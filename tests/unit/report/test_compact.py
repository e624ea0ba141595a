"""The short form of a summary stays below 10 kB, whatever a run has found."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproof.report.summary import compact_summary

LIMIT = 10_000

text = st.text(max_size=40) | st.text(alphabet='😀\x00"\\<', min_size=1, max_size=3).map(lambda piece: piece * 3000)
scalar = st.none() | st.booleans() | st.integers() | st.floats() | text
content = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=8) | st.dictionaries(text, inner, max_size=8), max_leaves=40
)
failure = st.fixed_dictionaries(
    {
        "suite": text,
        "name": text,
        "failed_rows": st.integers(min_value=0),
        "diagnostics": st.dictionaries(text, content, max_size=5),
        "sessions": st.lists(text, max_size=5),
        "layer": text,
        "source_file": text,
        "meaning": text,
        "line": st.integers(min_value=0),
    }
)
stage = st.fixed_dictionaries({"stage": text, "status": text, "duration_sec": st.floats(), "error": st.none() | text})
summaries = st.fixed_dictionaries(
    {
        **dict.fromkeys(("run_id", "pack", "mode", "verdict", "git_commit", "rerun", "folder"), text),
        "window": st.fixed_dictionaries({"from_ts": text, "to_ts": text}),
        "stack": st.fixed_dictionaries(
            {"name": text, "kafka": text, "clickhouse": text, "versions": st.dictionaries(text, text, max_size=4)}
        ),
        "fixture": st.fixed_dictionaries({"manifest": text, "sha256": text, "events": st.integers()}),
        "results": st.builds(lambda item, times: [item] * times, stage, st.integers(0, 60)),
        "checks": st.just({"total": 500, "passed": 0, "failed": 500, "errored": 0}),
        "failures": st.builds(lambda item, times: [item] * times, failure, st.integers(0, 500)),
        "not_judged": st.builds(lambda item, times: [item] * times, failure, st.integers(0, 500)),
        "first_broken_layer": st.none() | text,
        "notices": st.lists(text, max_size=10),
        "injected": st.none() | st.fixed_dictionaries({"file": text, "statements": st.lists(text, max_size=30)}),
        "error": st.none() | text,
        "hint": st.none() | text,
    }
)


@settings(max_examples=150, deadline=None)
@given(summaries)
def test_it_is_below_10_kb_of_plain_json_and_counts_what_it_left_out(summary):
    short = compact_summary(summary)
    assert len(json.dumps(short).encode()) < LIMIT
    assert len(short["failures"]) + short["failures_left_out"] == len(summary["failures"])
    assert len(short["not_judged"]) + short["not_judged_left_out"] == len(summary["not_judged"])
    assert short["checks"] == summary["checks"]
    assert set(summary) <= set(short)


@pytest.mark.parametrize("verdict", ["passed", "failed", "error"])
def test_a_usual_summary_loses_nothing_that_matters(summarize, verdict):
    summary, _ = summarize(verdict)
    short = compact_summary(summary)
    assert short["failures"] == summary["failures"]
    assert short["failures_left_out"] == 0
    assert [stage["stage"] for stage in short["results"]] == [stage["stage"] for stage in summary["results"]]
    assert short["paths"]["report_html"] == f"{summary['folder']}/report.html"
    for key in ("run_id", "verdict", "window", "fixture", "checks", "rerun", "error", "hint"):
        assert short[key] == summary[key]


def test_ten_failures_are_named_before_their_texts_are_whole(summarize):
    summary, _ = summarize("failed")
    failure = {**summary["failures"][0], "meaning": "Records were lost. " * 30, "diagnostics": {"a" * 30: "b" * 500}}
    summary["failures"] = [{**failure, "name": f"check_{number}"} for number in range(10)]
    short = compact_summary(summary)
    assert [kept["name"] for kept in short["failures"]] == [failure["name"] for failure in summary["failures"]]
    assert short["failures_left_out"] == 0


def test_clipped_diagnostics_say_how_much_is_missing(summarize):
    summary, _ = summarize("failed")
    summary["failures"][0]["diagnostics"] = {"ids": [f"event-{number:08}" for number in range(5000)]}
    kept = compact_summary(summary)["failures"][0]["diagnostics"]["ids"]
    assert kept[0] == "event-00000000"
    assert kept[-1] == f"… {5000 - (len(kept) - 1)} more"
