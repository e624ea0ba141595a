"""A second pack, of which no line stands in plugins/: run, broken and proved by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.system

COUNTER = Path(__file__).resolve().parents[1] / "packs" / "counter"
STAGES = [
    "stack_up", "schema_apply", "pipeline_ready", "replay_events", "pipeline_wait", "assert_counts", "contracts",
    "publish_summary", "stack_down",
]  # fmt: skip
CHECKS = 4
# Seconds, on a machine that is busy with something else.
PROOF_SEC = 900


def test_it_is_run_by_its_folder_and_has_only_the_stages_that_it_offers(cli):
    ended = cli.run("--pack", str(COUNTER))
    assert ended.code == 0, ended.stderr
    summary = ended.json
    assert [result["stage"] for result in summary["results"]] == STAGES
    assert (summary["verdict"], summary["checks"]["passed"], summary["checks"]["total"]) == ("passed", CHECKS, CHECKS)
    assert summary["pack"] == "counter"
    assert summary["stack"]["processor"] == "warehouse"
    assert sorted(summary["stack"]["started"]) == ["clickhouse", "kafka"]
    assert summary["fixture"]["events"] == 24
    assert summary["rungs"] == ["judged", "drained"]
    assert list(summary["rungs_missing"]) == ["raw_complete", "ids_accounted", "records_accounted", "foretold"]


def test_a_damaged_run_fails_and_names_the_layer(cli, tmp_path):
    damage = tmp_path / "damage.sql"
    damage.write_text("DELETE FROM clicks WHERE id = 'click-03';\n")
    ended = cli.run("--pack", str(COUNTER), "--inject", str(damage))
    assert ended.code == 1, ended.stderr
    failed = {failure["name"] for failure in ended.json["failures"]}
    assert failed == {"every_click_arrived", "page_sums_equal_clicks"}
    assert ended.json["first_broken_layer"] == "raw"
    assert (cli.folder(ended.json) / "report.html").stat().st_size


def test_each_of_its_checks_is_proved(cli):
    ended = cli("prove", "--json", "--pack", str(COUNTER), timeout_sec=PROOF_SEC)
    assert ended.code == 0, ended.stderr
    assert (ended.json["checks"], ended.json["proved"], ended.json["survivors"]) == (CHECKS, CHECKS, [])
