"""Column coverage by the command line: every column of every layer is seen, and what is not seen is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.system

WHOLE_COVERAGE_SEC = 1200
UNSEEN = "payment_events"


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


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Path:
    """A project whose pack has one layer of one table, which nothing compares with the rows that it should have."""
    project = tmp_path / "project"
    shutil.copytree(home / "include", project / "include", ignore=shutil.ignore_patterns("__pycache__"))
    parity = project / "include/sql/livepeer/parity/parity.yaml"
    entries = yaml.safe_load(parity.read_text())
    del entries[UNSEEN]
    parity.write_text(yaml.safe_dump(entries))
    file = project / "include/packs/livepeer/pack.yaml"
    pack = yaml.safe_load(file.read_text())
    pack["layers"] = {"raw": pack["layers"]["raw"], "typed": [UNSEEN]}
    file.write_text(yaml.safe_dump(pack))
    return project


def test_what_nobody_sees_is_named(cli, project):
    ended = cli("prove", "--coverage", "--json", STREAMPROOF_HOME=str(project), timeout_sec=WHOLE_COVERAGE_SEC)
    assert ended.code == 1, ended.stderr
    document = ended.json
    unseen = {(entry["column"], entry["damage"]) for entry in document["survivors"] if entry["table"] == UNSEEN}
    assert {("win_prob", "one constant"), ("client_ip", "extended")} <= unseen
    # Its ids are counted by other checks.
    assert ("raw_event_uid", "one constant") not in unseen
    assert ("", "a row is lost") not in unseen
    assert {entry["table"] for entry in document["survivors"]} == {UNSEEN}
    assert f"{UNSEEN}.win_prob" in ended.stderr


def test_damages_without_coverage_are_refused(cli):
    ended = cli("prove", "--damages", "one")
    assert ended.code == 2
    assert "without --coverage" in ended.stderr
