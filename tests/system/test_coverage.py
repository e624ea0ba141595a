"""Column coverage by the command line: every column of every layer is seen, and what is not seen is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

WHOLE_COVERAGE_SEC = 1200


def test_every_column_of_every_layer_is_covered(cli):
    ended = cli("prove", "--coverage", "--damages", "one", "--json", timeout_sec=WHOLE_COVERAGE_SEC)
    document = ended.json
    assert document["survivors"] == [], ended.stderr
    assert ended.code == 0, ended.stderr
    assert document["covered"] == document["columns"] > 800
    # One damage a column, and every one of them changes a value.
    assert (document["damages"], document["no_effect"]) == (document["columns"], 0)
    assert {name.split(".")[1] for name in document["exempt"]} == {
        "ingestion_timestamp", "row_ordinal", "version", "latest_version", "checked_at", "lag_minutes",
    }  # fmt: skip
    folder = Path(document["folder"])
    kept = json.loads((folder / "coverage.json").read_text())
    assert kept["matrix"] == document["matrix"]
    assert {entry["outcome"] for entry in kept["matrix"]} == {"covered"}
    assert all(entry["checks"] for entry in kept["matrix"])
    assert "coverage.json" in (folder / "report.html").read_text()


def test_undetected_damages_are_named(cli, home):
    # The pack counts rows and adds up amounts: nothing compares an id or a second with what was published.
    ended = cli("prove", "--coverage", "--json", "--pack", str(home / "tests/packs/counter"))
    assert ended.code == 1, ended.stderr
    document = ended.json
    unseen = {(entry["table"], entry["column"], entry["damage"]) for entry in document["survivors"]}
    assert unseen == {("clicks", "id", "extended"), ("clicks", "clicked_at", "a second later")}
    assert (document["columns"], document["covered"], document["no_effect"]) == (7, 5, 0)
    seen = {(entry["table"], entry["column"], entry["damage"]): entry["checks"] for entry in document["matrix"]}
    assert seen["clicks", "id", "blank"] == ["clicks_are_unique"]
    assert seen["clicks_per_page", "", "a row is lost"] == ["page_sums_equal_clicks"]
    assert "clicks.clicked_at" in ended.stderr


def test_damages_without_coverage_are_refused(cli):
    ended = cli("prove", "--damages", "one")
    assert ended.code == 2
    assert "without --coverage" in ended.stderr
