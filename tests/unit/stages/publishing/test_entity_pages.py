"""The pages of entities: which are written when a run ends, their file names, and what is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamproof.content.saving import write_index
from streamproof.model.content import SavedContent, SavedTable
from streamproof.model.errors import UsageError
from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.runtime.files import write_json
from streamproof.stages.publishing import entity_pages
from streamproof.stages.publishing.entity_pages import page_links, write_entity_page, write_entity_pages

START = "2026-03-01T02:15:00.000Z"
HOSTILE = "../../<img src=x onerror=alert(1)>\"'|\N{SNOWMAN}"


@pytest.fixture
def saved(planned):
    """A run that saved the facts of three sessions and has judged them, with the lines of its log."""
    lines: list[str] = []
    ctx = replace(planned(), log=lines.append)
    ids = ["a|1", "b|2", HOSTILE]
    rows = [{"workflow_session_id": it, "session_start_ts": datetime(2026, 3, 1, tzinfo=UTC)} for it in ids]
    ctx.folder.content.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), ctx.folder.content / "sessions.parquet")
    index = SavedContent("livepeer", (SavedTable("sessions", "v_latest_sessions", "sessions.parquet"),))
    write_index(ctx.folder.content, index)
    write_json(ctx.folder.root / "sessions.json", [{"workflow_session_id": it, "oracle_differences": []} for it in ids])
    ctx.folder.write_stage(stage("oracle", sessions=ids))
    return ctx, lines


def stage(name, *checks, sessions=()):
    details = {"sessions": [{"id": it} for it in sessions]}
    return StageResult(name, Status.PASSED, START, START, 0.1, details=details, checks=tuple(checks))


def failing(*sessions):
    return CheckResult("pipeline", "broken", Status.FAILED, 1, {"seen": 1}, sessions=sessions, layer="sessions")


def results(ctx, *checks):
    found = {"oracle": ctx.folder.read_stage("oracle")}
    return found | ({"assert_pipeline": stage("assert_pipeline", *checks)} if checks else {})


def test_the_entities_that_checks_name_come_first_then_the_others(saved):
    ctx, lines = saved
    write_entity_pages(ctx, results(ctx, failing("b|2")))
    pages = page_links(ctx.folder, ctx.log)
    assert list(pages) == ["b|2", "a|1", HOSTILE]
    assert lines == ["3 pages of sessions written of 3"]
    assert "broken" in (ctx.folder.root / pages["b|2"]).read_text()
    assert "broken" not in (ctx.folder.root / pages["a|1"]).read_text()


def test_of_a_large_run_only_the_named_ones_are_written(saved):
    ctx, _ = saved
    large = replace(ctx, plan=replace(ctx.plan, fixture_events=entity_pages.MOST_EVENTS + 1))
    write_entity_pages(large, results(ctx))
    assert page_links(ctx.folder, ctx.log) == {}
    write_entity_pages(large, results(ctx, failing("b|2")))
    assert list(page_links(ctx.folder, ctx.log)) == ["b|2"]


def test_there_are_limits(saved, monkeypatch):
    ctx, lines = saved
    monkeypatch.setattr(entity_pages, "MOST_NAMED", 1)
    monkeypatch.setattr(entity_pages, "MOST_OTHERS", 1)
    write_entity_pages(ctx, results(ctx, failing("b|2", "c|3")))
    assert list(page_links(ctx.folder, ctx.log)) == ["b|2", "a|1"]
    assert lines == ["2 pages of sessions written of 4"]


def test_an_id_of_any_text_gets_a_file_in_the_folder_and_is_escaped(saved):
    ctx, _ = saved
    path = write_entity_page(ctx, HOSTILE)
    assert path.parent == ctx.folder.root / "entities"
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.html", path.name)
    html = path.read_text(encoding="utf-8")
    assert "<img" not in html
    assert "\N{SNOWMAN}" in html
    assert page_links(ctx.folder, ctx.log) == {HOSTILE: f"entities/{path.name}"}


def test_a_page_that_is_asked_for_is_added_to_the_others(saved):
    ctx, _ = saved
    write_entity_page(ctx, "b|2")
    write_entity_page(ctx, "a|1")
    assert list(page_links(ctx.folder, ctx.log)) == ["b|2", "a|1"]


def test_an_entity_that_only_a_check_names_has_a_page_that_says_what_is_missing(saved):
    ctx, _ = saved
    ctx.folder.write_stage(stage("assert_pipeline", failing("lost|9")))
    html = write_entity_page(ctx, "lost|9").read_text()
    assert "The run has no final facts of this session" in html
    assert "The run did not save this table: There is no projection" in html


@pytest.mark.parametrize(("asked", "hint"), [("A|", "The nearest: a|1."), ("zzz", "It has: ")])
def test_an_unknown_entity_is_refused_with_the_nearest_ids(saved, asked, hint):
    ctx, _ = saved
    with pytest.raises(UsageError, match=re.escape(f"Run r1 has no session '{asked}'.")) as refused:
        write_entity_page(ctx, asked)
    assert refused.value.hint.startswith(hint)
    assert not (ctx.folder.root / "entities").exists()


def test_a_run_without_any_entity_says_so(saved):
    ctx, _ = saved
    write_index(ctx.folder.content, SavedContent("livepeer"))
    write_json(ctx.folder.root / "sessions.json", [])
    with pytest.raises(UsageError) as refused:
        write_entity_page(ctx, "a|1")
    assert refused.value.hint == "It has no session at all."


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "It replayed no events, or has not ended."),
        (SavedContent("livepeer", reason="It could not be saved: no space."), "It could not be saved: no space."),
    ],
)
def test_a_run_that_saved_nothing_has_no_pages(planned, content, why):
    ctx = planned()
    if content:
        write_index(ctx.folder.content, content)
    write_entity_pages(ctx, {})
    assert page_links(ctx.folder, ctx.log) == {}
    with pytest.raises(UsageError, match=re.escape(f"Run r1 has no saved content: {why}")):
        write_entity_page(ctx, "a|1")


def test_a_pack_without_entities_or_page_says_so(planned):
    ctx = planned()
    without = replace(ctx, pack=ctx.pack.model_copy(update={"entities": None}))
    write_entity_pages(without, {})
    with pytest.raises(UsageError, match="Pack 'livepeer' has no `entities`, so there are no pages"):
        write_entity_page(without, "a|1")
    pageless = ctx.pack.entities.model_copy(update={"page": None})
    with pytest.raises(UsageError, match=re.escape("has no `entities.page`")):
        write_entity_page(replace(ctx, pack=ctx.pack.model_copy(update={"entities": pageless})), "a|1")


def test_a_defect_is_logged_and_never_raised(saved):
    ctx, lines = saved
    (ctx.folder.root / "sessions.json").write_text("no JSON")
    write_entity_pages(ctx, results(ctx, failing("b|2")))
    assert "the pages of sessions are not written:\nTraceback" in lines[0]
    assert page_links(ctx.folder, ctx.log) == {}


def test_the_command_prints_the_path_and_refuses_a_blank_id(saved, monkeypatch, capsys):
    from streamproof.cli.commands.report import _entity_page

    ctx, _ = saved
    _entity_page(ctx, " a|1 ", open_it=False, json=True)
    told = json.loads(capsys.readouterr().out)
    page = ctx.folder.root / page_links(ctx.folder, ctx.log)["a|1"]
    assert told == {"run_id": "r1", "entity": "a|1", "page": str(page)}
    with pytest.raises(UsageError, match="The id of the entity is blank"):
        _entity_page(ctx, " ", open_it=False, json=False)
