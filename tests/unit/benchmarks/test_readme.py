"""The table of benchmarks says what was measured last, and which targets are missed."""

from __future__ import annotations

import json
from typing import Any

import pytest

# By bench: whether its result misses a target.
MISSES = {
    "cli_run": lambda found: found["median_sec"] > found["target_sec"],
    "airflow_run": lambda found: found["median_sec"] > found["target_sec"],
    "replay_rate": lambda found: (
        found["best_replay_events_per_sec"] < found["target_events_per_sec"]
        or found["ratio_of_bests"] < found["target_ratio"]
    ),
    "processor_rate": lambda found: (
        found["events_per_cpu_sec"] < found["target_events_per_sec_per_core"]
        or found["peak_rss_mb"] >= found["target_rss_mb"]
    ),
    "load_run": lambda found: (
        found["ratio_to_processor_alone"] > found["target_ratio_to_processor_alone"]
        or any(max(size["peak_rss_mb"].values()) >= 2000 for size in found["by_events"].values())
    ),
    "market_load": lambda found: (
        found["ratio_to_bare_loader"] > found["target_ratio_to_bare_loader"]
        or max(found["pipeline_peak_rss_mb"]) >= found["target_peak_rss_mb"]
    ),
    "suites": lambda found: found["sum_ms"]["100000"] > found["target_ms_for_100000_events"],
    "flink_rate": lambda found: any(
        found[f"parallelism_{number}"]["ratio_of_bests"] < found["target_ratio"] for number in (1, 2)
    ),
    "export_memory": lambda found: found["whole"]["peak_rss_mb"] >= found["target_peak_rss_mb"],
    "report_size": lambda found: (
        found["publish_summary_percent_of_run"] > found["target_percent_of_run"]
        or found["peak_rss_mb"] >= found["target_peak_rss_mb"]
        or found["report_mb"] >= found["target_report_mb"]
    ),
    # There is no target: the figures tell an operator what to expect.
    "flink_checkpoint": lambda _found: False,
}


@pytest.fixture(scope="module")
def rows(home) -> dict[str, str]:
    """The rows of the table by the name of their bench."""
    lines = (home / "benchmarks/README.md").read_text(encoding="utf-8").splitlines()
    return {line.split("`")[1]: line for line in lines if line.startswith("| `")}


@pytest.fixture(scope="module")
def results(home) -> dict[str, Any]:
    return json.loads((home / "benchmarks/results.json").read_text(encoding="utf-8"))


def test_every_bench_has_a_row(rows):
    assert rows.keys() == MISSES.keys()


@pytest.mark.parametrize("bench", MISSES)
def test_a_missed_target_says_so(rows, results, bench):
    assert ("**missed**" in rows[bench]) == MISSES[bench](results[bench])
