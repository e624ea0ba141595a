"""A second pack, of which no line stands in plugins/: run, broken and proved by the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Cli, Ended, processes_of

pytestmark = pytest.mark.system

COUNTER = Path(__file__).resolve().parents[1] / "packs" / "counter"
STAGES = [
    "stack_up", "schema_apply", "pipeline_ready", "replay_events", "pipeline_wait", "assert_counts", "contracts",
    "publish_summary", "stack_down",
]  # fmt: skip
CHECKS = 4
# Seconds, on a machine that is busy with something else.
PROOF_SEC = 900


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A command line whose runs stay for all tests of this module."""
    folder = tmp_path_factory.mktemp("runs")
    yield Cli(folder, {**os.environ, "STREAMPROOF_ARTIFACTS": str(folder)})
    assert processes_of(folder) == []


@pytest.fixture(scope="module")
def sound(runs: Cli) -> Ended:
    """A run that nobody disturbs."""
    return runs.run("--pack", str(COUNTER), "--run-id", "sound")


@pytest.fixture(scope="module")
def damaged(runs: Cli, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A run in which one row is removed before the checks."""
    damage = tmp_path_factory.mktemp("damage") / "damage.sql"
    damage.write_text("DELETE FROM clicks WHERE id = 'click-03';\n")
    return runs.run("--pack", str(COUNTER), "--run-id", "damaged", "--inject", str(damage))


def test_it_is_run_by_its_folder_and_has_only_the_stages_that_it_offers(sound):
    assert sound.code == 0, sound.stderr
    summary = sound.json
    assert [result["stage"] for result in summary["results"]] == STAGES
    assert (summary["verdict"], summary["checks"]["passed"], summary["checks"]["total"]) == ("passed", CHECKS, CHECKS)
    assert summary["pack"] == "counter"
    assert summary["stack"]["processor"] == "warehouse"
    assert sorted(summary["stack"]["started"]) == ["clickhouse", "kafka"]
    assert summary["fixture"]["events"] == 24
    assert summary["content"] == {"tables": 2, "not_saved": {}, "reason": None}
    assert summary["rungs"] == ["judged", "drained"]
    assert list(summary["rungs_missing"]) == ["raw_complete", "ids_accounted", "records_accounted", "foretold"]


def test_a_damaged_run_fails_and_names_the_layer(runs, damaged):
    assert damaged.code == 1, damaged.stderr
    failed = {failure["name"] for failure in damaged.json["failures"]}
    assert failed == {"every_click_arrived", "page_sums_equal_clicks"}
    assert damaged.json["first_broken_layer"] == "raw"
    assert (runs.folder(damaged.json) / "report.html").stat().st_size


def test_a_comparison_of_both_names_the_layer_the_table_and_the_row(runs, sound, damaged):
    """The stacks of both are down: what is compared is what the runs saved, also after checks that failed."""
    ended = runs("diff", "sound", "damaged", "--json")
    assert ended.code == 1, ended.stderr
    [difference] = ended.json["differences"]
    assert ended.json["first"] == {"layer": "raw", "table": "clicks"}
    assert (difference["rows_a"], difference["rows_b"]) == (24, 23)
    assert (difference["only_in_a"], difference["only_in_b"], difference["changed"]) == (1, 0, [])
    [unequal] = difference["unequal"]
    assert (unequal["times_a"], unequal["times_b"], unequal["row"]["id"]) == (1, 0, "click-03")

    shown = runs("diff", "sound", "damaged")
    assert (shown.code, "differ first in layer raw, table clicks" in shown.stdout) == (1, True)
    assert "only in A: id=click-03" in shown.stdout
    assert runs("diff", "sound", "sound").code == 0


def test_each_of_its_checks_is_proved(cli):
    ended = cli("prove", "--json", "--pack", str(COUNTER), timeout_sec=PROOF_SEC)
    assert ended.code == 0, ended.stderr
    assert (ended.json["checks"], ended.json["proved"], ended.json["survivors"]) == (CHECKS, CHECKS, [])
