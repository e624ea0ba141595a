"""The sections of the notebook, from a small result: order of entities, layers, failures, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.notebook import entities, layers, verdict
from streamproof.notebook.opening import OpenedRun
from streamproof.notebook.shown import Shown
from streamproof.notebook.trace import Trace
from streamproof.runtime.files import write_json

START = "2026-03-01T02:15:00.000Z"
ENTRY = {"name": "q", "columns": ["n"], "rows": [], "total_rows": 0, "error": None, "skipped": ""}


@dataclass
class Rows:
    """Rows that a test gives."""

    source: str = "The rows are made up."
    found: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def trace(self):
        return self.found.get("trace", ())

    def sections(self):
        return self.found.get("sections", ())

    def scenarios(self):
        return self.found.get("scenarios", ())

    def entities(self, ids):
        return {entity: [{**ENTRY, "layer": "raw", "rows": [{"of": entity}]}] for entity in ids}


def check(name, status, **facts):
    return CheckResult("pipeline", name, status, source_file="a.sql", **facts)


def entity(name, **facts):
    return {"workflow_session_id": name, "scenario_expected": "s1", "scenario_observed": "s1", **facts}


@pytest.fixture
def run(planned):
    """A run with a failing check in layer silver, three sessions, and a section with a row of one of them."""
    failing = check(
        "lost_rows", Status.FAILED, failed_rows=2, layer="silver", meaning="Frame rates are wrong.", line=7,
        sessions=("c|1",), diagnostics={"missing": 2, "nothing": 0, "blank": "", "fault_and_id": [["lost", "e1"]]},
    )  # fmt: skip
    checks = (check("held", Status.PASSED, layer="typed"), failing, check("broken", Status.ERRORED, error="No answer."))
    stage = StageResult("assert_pipeline", Status.FAILED, START, START, 1.0, checks=checks)
    failures = [{"suite": "pipeline", "name": "lost_rows", "sessions": ["c|1"]}]
    summary = {
        "run_id": "r1", "pack": "livepeer", "mode": "full", "verdict": "failed", "first_broken_layer": "silver",
        "checks": {"total": 3, "passed": 1, "failed": 1}, "error": None, "hint": None, "injected": None,
        "window": {"from_ts": "a", "to_ts": "b"}, "stack": {"name": "local", "processor": "local"},
        "started_at": START, "duration_sec": 12.0, "git_commit": "", "failures": failures, "rerun": "streamproof run",
    }  # fmt: skip
    known = [entity("a|1"), entity("b|1", scenario_observed=None), entity("c|1")]
    section = {**ENTRY, "title": "By hour", "guidance": "What it means.", "bars": ["n"]}
    rows = {
        "sections": [{**section, "rows": [{"workflow_session_id": "c|1", "n": 5}], "total_rows": 1}],
        "trace": [{**ENTRY, "rows": [{"n": n} for n in range(12)]}, {**ENTRY, "name": "x", "error": "No table."}],
    }
    return OpenedRun(planned(), summary, {"assert_pipeline": stage}, known, Rows(found=rows))


def text(*parts):
    return str(Shown(parts))


def test_the_verdict_comes_with_the_first_broken_layer(run):
    shown = text(verdict.verdict(run))
    assert shown.startswith("## Verdict: failed\n1 of 3 checks does not hold.")
    assert "First broken layer: silver." in shown
    assert "Rows | The rows are made up." in shown


def test_layers_are_in_the_order_of_the_data_flow_and_name_what_is_wrong(run):
    lines = text(*verdict.executive_summary(run)).splitlines()
    table = [line.split(" | ") for line in lines if line.count(" | ") == 7]
    assert [row[0] for row in table[1:]] == [
        "raw", "typed", "dimensions", "silver", "sessions", "rollups", "views", "(the whole run)"
    ]  # fmt: skip
    assert {row[0]: row[-1] for row in table}["silver"] == "lost_rows"
    assert {row[0]: row[1] for row in table}["raw"] == "no check"
    assert {row[0]: row[1] for row in table}["(the whole run)"] == "errored"


def test_failing_checks_are_open_with_meaning_rows_and_entities(run):
    write_json(run.ctx.folder.diagnostics / "offending_records.json", {"tables": {"typed": [{"offset": 17}]}})
    parts = verdict.failures(run)
    assert [(part.heading, part.folded) for part in parts[:2]] == [("lost_rows", False), ("broken", False)]
    shown = text(*parts)
    for line in (
        "Frame rates are wrong.",
        "missing | 2",
        "nothing | 0",
        "fault | id\nlost | e1",
        "Named by it: c|1.",
        "a.sql:7",
    ):
        assert line in shown, line
    assert "It could not be judged: No answer." in shown
    assert "blank" not in shown
    assert "typed (1 row)\noffset\n17" in shown


def test_entities_that_are_not_named_are_counted(run):
    broken = check("many", Status.FAILED, failed_rows=30, sessions=tuple(f"e{n}|1" for n in range(30)))
    stage = StageResult("assert_pipeline", Status.FAILED, START, START, 1.0, checks=(broken,))
    shown = text(*verdict.failures(replace(run, results={"assert_pipeline": stage})))
    assert "e18|1, e19|1 and 10 more." in shown
    assert "e20|1" not in shown


def test_an_entity_that_may_have_rows_behind_those_of_a_section_says_so(run):
    section = {**run.rows.sections()[0], "columns": ["workflow_session_id", "n"], "total_rows": 1_200}
    told = "By hour, q: the first 1 of 1,200 rows were read, so rows of this session may be among the others."
    run.rows.found["sections"] = [section]
    _, *parts = entities.picker(run, wanted="", debug=False)
    assert [told in part.text for part in parts] == [True, True, True]
    run.rows.found["sections"] = [{**section, "total_rows": 1}, {**section, "columns": ["hour", "n"]}]
    assert "were read" not in text(*entities.picker(run, wanted="", debug=False))


def test_tables_of_an_entity_that_could_not_be_read_are_told(run, monkeypatch):
    torn = {**ENTRY, "layer": "raw", "name": "t", "error": "t.parquet cannot be read: torn"}
    absent = {**ENTRY, "layer": "", "name": "u", "skipped": "table u"}
    monkeypatch.setattr(Rows, "entities", lambda self, ids: {entity: [torn, absent] for entity in ids})
    _, first, *_ = entities.picker(run, wanted="", debug=False)
    assert "Not read: raw: t. t.parquet cannot be read: torn" in first.text
    assert "Not read: u. It needs table u." in first.text


def test_queries_are_cut_and_folded_in_the_compact_view_and_whole_in_debug(run):
    compact, whole = layers.ordered_trace(run, debug=False), layers.ordered_trace(run, debug=True)
    assert [part.folded for part in compact] == [True, False]
    assert "q (the first 10 of 12 rows)" in text(*compact)
    assert "The query cannot be run: No table." in text(*compact)
    assert [part.folded for part in whole] == [False, False]
    assert "q (12 rows)" in text(*whole)


def test_what_failing_checks_name_comes_first_then_the_unexpected(run):
    listed, *parts = entities.picker(run, wanted="", debug=False)
    assert listed.folded
    assert [(part.heading, part.folded) for part in parts] == [
        ("c|1: s1", False), ("b|1: no scenario", True), ("a|1: s1", True)
    ]  # fmt: skip
    assert "Failing checks that name it: pipeline.lost_rows." in text(parts[0])
    assert "By hour: q (1 row)" in text(parts[0])
    assert "raw: q (1 row)\nof\nb|1" in text(parts[1])


def test_the_wanted_entity_is_the_first_and_open(run):
    _, first, *others = entities.picker(run, wanted="a|1", debug=False)
    assert (first.heading, first.folded) == ("a|1: s1", False)
    assert all(part.folded for part in others)


def test_entities_outside_all_scenarios_are_the_fallout(run):
    part, *_ = layers.scenarios(run, debug=False)
    shown = text(part)
    assert "0 sessions in another scenario than expected, 1 outside all scenarios, 1 of them expected in one." in shown
    assert "Fallout: outside all (1 row)" in shown
    assert "In another scenario than expected (" not in shown
    assert part.tone == "bad"


def test_entities_without_an_expected_scenario_are_in_none_that_is_wrong(run):
    known = [entity("a|1", scenario_expected=None), entity("b|1", scenario_expected=None, scenario_observed=None)]
    part, *_ = layers.scenarios(replace(run, entities=known), debug=False)
    assert "0 sessions in another scenario than expected, 1 outside all scenarios." in text(part)
    assert part.tone == ""


def test_entities_in_another_scenario_are_not_outside_all(run):
    known = [entity("a|1", scenario_observed="s2"), entity("b|1")]
    part, *_ = layers.scenarios(replace(run, entities=known), debug=False)
    assert "1 session in another scenario than expected, 0 outside all scenarios." in text(part)
    assert part.tone == "bad"


def test_a_pack_without_parts_says_what_would_add_them(planned, run, home):
    counter = planned(run_id="r2", pack=str(home / "tests" / "packs" / "counter"))
    bare = OpenedRun(counter, run.summary, {}, (), Rows())
    trace = Trace(bare, debug=False, entity="")
    assert str(trace.scenarios()) == str(trace.ordered()) == "This pack has none."
    assert str(trace.picker()) == "This pack or this run has no entities."
    missing = str(trace.missing())
    assert "No scenarios: sql/<pack>/scenarios/*.sql would add them." in missing
    assert "No entities: key `entities` of pack.yaml would add them." in missing
    assert "pages of entities" not in missing


def test_a_pack_without_pages_of_entities_says_what_would_add_them(run):
    pack = run.ctx.pack
    bare = pack.model_copy(update={"entities": pack.entities.model_copy(update={"page": None})})
    shown = str(Trace(replace(run, ctx=replace(run.ctx, pack=bare)), debug=False, entity="").missing())
    assert "No pages of entities: `entities.page` of pack.yaml would add them." in shown
    assert "pages of entities" not in str(Trace(run, debug=False, entity="").missing())
