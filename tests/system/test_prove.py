"""The proof by the command line: all shipped checks are proved, every column is covered, and survivors are named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system

# Some 350 mutations and 800 damages, a few seconds each on a machine that is busy with something else.
WHOLE_PROOF_SEC = 3000

# It fails with every mutation that adds or loses rows of these tables, which are those of a dozen shipped checks.
ADDED = """-- The totals of what the processor says that it wrote, and of what is there, are two.
-- LAYER: typed

-- TEST: added_totals_agree
WITH
named AS (
    SELECT sum(entry.2) AS total
    FROM record_dispositions
    ARRAY JOIN CAST(rows_written, 'Array(Tuple(String, UInt32))') AS entry
    WHERE entry.1 IN ('stream_trace_events', 'ai_stream_status', 'payment_events')
),
existing AS (
    SELECT count() AS total
    FROM merge('^(stream_trace_events|ai_stream_status|payment_events)$')
)
SELECT abs(toInt64((SELECT total FROM named)) - toInt64((SELECT total FROM existing))) AS failed_rows;

-- MUTATION: the milestones are lost
TRUNCATE TABLE stream_trace_events;
"""

CANNOT_FAIL = """-- It counts what cannot be: nobody would notice anything.
-- LAYER: raw

-- TEST: planted_cannot_fail
SELECT countIf(type = 'no such type') AS failed_rows
FROM streaming_events;

-- MUTATION: everything is lost
DELETE FROM streaming_events
WHERE type = 'stream_trace';
"""

UNPROVED = """-- It counts, and nothing shows that it can fail.
-- LAYER: raw

-- TEST: planted_unproved
SELECT
    0 AS failed_rows,
    count() AS events
FROM streaming_events;
"""

IS_BROKEN = """-- It fails on sound data.
-- LAYER: raw

-- TEST: planted_is_broken
SELECT count() AS failed_rows
FROM streaming_events;

-- MUTATION: an event is lost
DELETE FROM streaming_events
WHERE type = 'stream_trace';
"""


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Path:
    """A project with a copy of the pack, for planting checks in it."""
    shutil.copytree(home / "include", tmp_path / "project" / "include", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "project"


def plant(project: Path, name: str, sql: str) -> None:
    (project / f"include/sql/livepeer/assertions/raw_typed/{name}.sql").write_text(sql)


def test_every_shipped_check_is_proved(cli, project):
    """Every check, by its mutations, and every column, by one damage each, on one run."""
    # A check that is added to a pack takes part, and no file that was there before is edited for it.
    plant(project, "added_totals_agree", ADDED)
    options = ("--mutations", "--coverage", "--damages", "one", "--json")
    ended = cli("prove", *options, timeout_sec=WHOLE_PROOF_SEC, STREAMPROOF_HOME=str(project))
    document = ended.json
    assert document["survivors"] == [], ended.stderr
    assert ended.code == 0, ended.stderr
    assert document["proved"] == document["checks"] > 200
    assert document["informational"] == len(document["informational_checks"]) > 0
    assert document["mutations_proved"] == document["mutations_applied"] >= document["checks"]
    folder = Path(document["folder"])
    kept = json.loads((folder / "prove.json").read_text())
    assert kept["mutations"] == document["mutations"]
    assert {entry["outcome"] for entry in kept["mutations"]} == {"proved"}
    assert "added_totals_agree" in {entry["check"] for entry in kept["mutations"]}
    assert "prove.json" in (folder / "report.html").read_text()
    assert json.loads((folder / "summary.json").read_text())["verdict"] == "passed"
    assert not (folder / "stack" / "data").exists()
    assert_every_column_is_covered(document["coverage"], folder)


def assert_every_column_is_covered(coverage: dict[str, Any], folder: Path) -> None:
    """Every column of every layer was damaged, and a check noticed each damage."""
    assert coverage["survivors"] == []
    assert coverage["covered"] == coverage["columns"] > 800
    # One damage a column, and every one of them changes a value.
    assert (coverage["damages"], coverage["no_effect"]) == (coverage["columns"], 0)
    assert {name.split(".")[1] for name in coverage["exempt"]} == {
        "ingestion_timestamp", "row_ordinal", "version", "latest_version", "checked_at", "lag_minutes",
    }  # fmt: skip
    kept = json.loads((folder / "coverage.json").read_text())
    assert kept["matrix"] == coverage["matrix"]
    assert {entry["outcome"] for entry in kept["matrix"]} == {"covered"}
    assert all(entry["checks"] for entry in kept["matrix"])
    assert "coverage.json" in (folder / "report.html").read_text()


def test_what_cannot_fail_is_named(cli, project):
    plant(project, "cannot_fail", CANNOT_FAIL)
    names = ["planted_cannot_fail", "conservation_ledger_is_whole"]
    options = [word for name in names for word in ("--check", name)]
    ended = cli("prove", "--json", *options, STREAMPROOF_HOME=str(project))
    assert ended.code == 1, ended.stderr
    document = ended.json
    assert (document["checks"], document["proved"]) == (2, 1)
    survivors = {survivor["check"]: survivor["mutations"] for survivor in document["survivors"]}
    assert survivors.keys() == {"planted_cannot_fail"}
    assert survivors["planted_cannot_fail"] == {"everything is lost": "survived: it still passes"}
    assert "planted_cannot_fail" in ended.stderr
    summary = json.loads((Path(document["folder"]) / "summary.json").read_text())
    assert summary["verdict"] == "failed"
    assert "prove" in summary["rerun"]


def test_a_check_without_a_mutation_is_refused(cli, project):
    plant(project, "unproved", UNPROVED)
    ended = cli("prove", "--json", STREAMPROOF_HOME=str(project))
    assert ended.code == 2, ended.stderr
    assert "unproved.sql" in ended.json["error"]
    assert "diagnostics/" in ended.json["hint"]


def test_a_run_that_does_not_hold_proves_nothing(cli, project):
    plant(project, "is_broken", IS_BROKEN)
    ended = cli("prove", "--json", "--check", "planted_is_broken", STREAMPROOF_HOME=str(project))
    assert ended.code == 3, ended.stderr
    document = ended.json
    assert document["proved"] == document["checks"] == 0
    assert document["survivors"] == []
    assert "raw_typed.planted_is_broken" in document["error"]
