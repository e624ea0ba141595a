"""Saving the content of a run: when there is something to save, and that no error reaches the verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamproof.content.saving import write_index
from streamproof.model.content import SavedContent, SavedTable
from streamproof.model.results import StageResult, Status
from streamproof.stages.publish_summary import publish
from streamproof.stages.publishing import saved_content
from streamproof.stages.publishing.saved_content import save

START = "2026-03-01T02:15:00.000Z"


@pytest.fixture
def logged(planned):
    lines: list[str] = []
    return replace(planned(), log=lines.append), lines


def replayed(ctx):
    ctx.folder.write_stage(StageResult("replay_events", Status.PASSED, START, START, 0.1))


def test_a_run_that_published_nothing_says_so(logged):
    ctx, lines = logged
    save(ctx)
    assert saved_content.saved_content(ctx).reason == "The run ended before its events were published."
    assert lines == ["The run ended before its events were published."]
    assert publish(ctx)["content"]["reason"] == lines[0]


def test_a_run_without_a_stack_says_so(logged):
    ctx, lines = logged
    replayed(ctx)
    save(ctx)
    assert lines == ["The run's stack could not be read: there is no stack."]


def test_what_was_saved_stays_when_the_stage_runs_again_without_a_stack(logged):
    ctx, _ = logged
    replayed(ctx)
    earlier = SavedContent(ctx.pack.name, (SavedTable("raw", "a", "raw/a.parquet"),))
    write_index(ctx.folder.content, earlier)
    save(ctx)
    assert saved_content.saved_content(ctx) == earlier


def test_a_defect_is_logged_and_recorded_and_never_raised(logged, monkeypatch):
    ctx, lines = logged
    monkeypatch.setattr(saved_content, "_nothing_to_save", lambda ctx: "")
    monkeypatch.setattr(saved_content, "_save", lambda ctx: 1 / 0)
    save(ctx)
    assert "ZeroDivisionError" in lines[0]
    assert "It could not be saved: ZeroDivisionError" in publish(ctx)["content"]["reason"]


def test_a_table_that_is_not_saved_is_named_in_the_summary_and_changes_no_verdict(logged, monkeypatch):
    ctx, lines = logged
    before = publish(ctx)["verdict"]
    monkeypatch.setattr(saved_content, "_nothing_to_save", lambda ctx: "")
    content = SavedContent(ctx.pack.name, (), {"orders": "no memory", "carts": "nor here"})
    monkeypatch.setattr(saved_content, "_save", lambda ctx: content)
    save(ctx)
    summary = publish(ctx)
    assert summary["notices"][-1].startswith("The content of orders and 1 more was not saved")
    assert summary["content"] == {"tables": 0, "not_saved": dict(content.not_saved), "reason": None}
    assert (summary["verdict"], lines) == (before, [content.notice])
    assert "The content of orders and 1 more was not saved" in (ctx.folder.root / "report.md").read_text()


def test_a_broken_index_is_no_content(logged):
    ctx, _ = logged
    ctx.folder.content.mkdir(parents=True)
    (ctx.folder.content / "content.json").write_text("{")
    assert saved_content.saved_content(ctx).reason.startswith("Its index cannot be read")
    assert publish(ctx)["content"]["tables"] == 0


def test_an_observation_saves_nothing(planned):
    ctx = planned()
    ctx = replace(ctx, plan=replace(ctx.plan, mode="observe"))
    save(ctx)
    assert not ctx.folder.content.exists()
    assert saved_content.saved_content(ctx) is None
