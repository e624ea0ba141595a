"""Saving the rows of the notebook: what is cut, and that no error reaches the verdict."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from streamproof.model.results import StageResult, Status
from streamproof.runs.folder import read_json
from streamproof.runtime.files import write_json
from streamproof.sql.blocks import parse_blocks
from streamproof.sql.sections import NotebookSection
from streamproof.stages.publishing import notebook_sections
from streamproof.stages.publishing.notebook_sections import (
    FILE,
    MOST_OF_A_SCENARIO,
    ask_scenarios,
    ask_sections,
    save_sections,
)
from streamproof.warehouse.values import Answer

START = "2026-03-01T02:15:00.000Z"


class Warehouse:
    """A warehouse that answers each query with three rows."""

    def needs_of(self, sql):
        return ""

    def query(self, sql, parameters, **options):
        return Answer(columns=("n",), rows=[(1,), (2,), (3,)])


@pytest.fixture
def logged(planned):
    lines: list[str] = []
    return replace(planned(), log=lines.append), lines


def replayed(ctx):
    ctx.folder.write_stage(StageResult("replay_events", Status.PASSED, START, START, 0.1))


def test_a_run_that_published_nothing_says_so(logged):
    ctx, _ = logged
    save_sections(ctx)
    assert read_json(ctx.folder.root / FILE) == {
        "sections": [],
        "scenarios": [],
        "reason": "The run ended before its events were published.",
    }


def test_a_run_without_a_stack_says_so_and_keeps_what_it_saved_before(logged):
    ctx, _ = logged
    replayed(ctx)
    save_sections(ctx)
    assert read_json(ctx.folder.root / FILE)["reason"] == "The run's stack could not be read: there is no stack."
    write_json(ctx.folder.root / FILE, {"earlier": True})
    save_sections(ctx)
    assert read_json(ctx.folder.root / FILE) == {"earlier": True}


def test_a_defect_is_logged_and_recorded_and_never_raised(logged, monkeypatch):
    ctx, lines = logged
    monkeypatch.setattr(notebook_sections, "_document", lambda ctx: 1 / 0)
    save_sections(ctx)
    assert "ZeroDivisionError" in lines[0]
    assert read_json(ctx.folder.root / FILE)["reason"].startswith("They could not be saved: ZeroDivisionError")


def test_rows_that_are_left_out_are_counted():
    (query,) = parse_blocks("-- QUERY: q\nSELECT n FROM t;\n", "q.sql")
    section = NotebookSection("Title", "What it means.", ("n",), query)
    (entry,) = ask_sections(Warehouse(), [section], {}, most_rows=2)
    assert entry["rows"] == [{"n": 1}, {"n": 2}]
    assert (entry["total_rows"], entry["columns"], entry["title"], entry["bars"]) == (3, ["n"], "Title", ["n"])


class Limited(Warehouse):
    """A warehouse that answers with the first two rows of seven, and says so."""

    def __init__(self, rows):
        self.rows = rows

    def query(self, sql, parameters, **options):
        return Answer(columns=("a", "total_rows", "b"), rows=self.rows)


@pytest.mark.parametrize(("rows", "total"), [([(1, 7, "x"), (2, 7, "y")], 7), ([], 0)])
def test_a_query_with_a_limit_says_how_many_rows_there_are(rows, total):
    (query,) = parse_blocks("-- QUERY: q\nSELECT n FROM t;\n", "q.sql")
    (entry,) = ask_sections(Limited(rows), [NotebookSection("Title", "", (), query)], {}, most_rows=1)
    assert (entry["total_rows"], entry["columns"]) == (total, ["a", "b"])
    assert entry["rows"] == [{"a": row[0], "b": row[2]} for row in rows[:1]]


def test_every_query_that_limits_its_rows_counts_them(home):
    files = sorted((home / "include" / "sql").glob("*/notebook/*.sql"))
    limited = [file for file in files if re.search(r"^LIMIT [0-9]", file.read_text(encoding="utf-8"), re.MULTILINE)]
    assert limited
    assert [file.name for file in limited if " AS total_rows" not in file.read_text(encoding="utf-8")] == []


def test_entities_of_a_scenario_that_are_left_out_are_counted(planned, monkeypatch, home):
    asked = []

    class Scenarios(Warehouse):
        def query(self, sql, parameters, **options):
            asked.append(parameters["limit_per_scenario"])
            return Answer(columns=("n",), rows=[(number,) for number in range(60)])

    found = ask_scenarios(Scenarios(), planned().pack, home, {"from_ts": START, "to_ts": START})
    assert found
    assert {(len(entry["rows"]), entry["total_rows"]) for entry in found} == {(MOST_OF_A_SCENARIO, 60)}
    assert min(asked) > 400_000
