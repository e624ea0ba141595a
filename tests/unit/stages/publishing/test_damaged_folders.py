"""Reports are rendered again from a folder of which a file is damaged: one clear message, and no report is lost."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from streamproof.history.store import read_history
from streamproof.model.errors import StackError
from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.runs.folder import BrokenFileError
from streamproof.stages import publish_summary
from streamproof.stages.publish_summary import publish, render_again

START, END = "2026-03-01T02:15:00.000Z", "2026-03-01T02:15:07.500Z"
NOT_JSON, NO_UTF8 = '{"verdict": ', b"\xff\xfe"


@pytest.fixture
def logged(planned):
    lines: list[str] = []
    ctx = replace(planned(), log=lines.append)
    failed = CheckResult("raw_typed", "lost", Status.FAILED, failed_rows=1)
    ctx.folder.write_stage(StageResult("assert_raw_typed", Status.FAILED, START, END, 7.5, checks=(failed,)))
    publish(ctx)
    return ctx, lines


def write(path, content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("content", [NOT_JSON, NO_UTF8, "", "null", "[]", "{}", '{"run_id": "r1"}'])
def test_a_summary_that_cannot_be_read_is_named_and_the_report_stays(logged, content):
    ctx, _ = logged
    report = (ctx.folder.root / "report.html").read_text()
    write(ctx.folder.summary, content)

    with pytest.raises(BrokenFileError, match=r"summary\.json cannot be read: ") as raised:
        render_again(ctx)

    assert raised.value.hint
    assert (ctx.folder.root / "report.html").read_text() == report


@pytest.mark.parametrize("content", [NOT_JSON, "null", "[1]", '{"evaluated": 5}'])
def test_a_contract_that_cannot_be_read_is_left_out_or_costs_no_report(logged, content):
    ctx, lines = logged
    write(ctx.folder.contracts / "v_sessions.json", content)
    report = (ctx.folder.root / "report.html").read_text()

    try:
        render_again(ctx)
    except StackError as error:
        assert "The one that is there stays." in error.message
        assert (ctx.folder.root / "report.html").read_text() == report
    else:
        assert "raw_typed.lost" in (ctx.folder.root / "report.html").read_text().replace("<wbr>", "")
        assert content.startswith("{") or any(line.startswith("v_sessions.json cannot be read") for line in lines)


@pytest.mark.parametrize("name", ["entities/index.json", "diagnostics/sessions/index.json"])
@pytest.mark.parametrize("content", [NOT_JSON, "null", "[]", "{}", '{"pages": 5, "traced": null}'])
def test_links_that_cannot_be_read_are_logged_and_left_out(logged, name, content):
    ctx, lines = logged
    write(ctx.folder.root / name, content)

    render_again(ctx)

    assert any(line.startswith(f"{name} is not used: ") for line in lines)


@pytest.mark.parametrize(
    "page", ["../../etc/passwd", "entities/../../x.html", "/etc/passwd", "javascript:alert(1)", 5, None]
)
def test_links_out_of_the_folder_are_left_out(logged, page):
    ctx, _ = logged
    write(ctx.folder.root / "entities/index.json", json.dumps({"pages": {"a|1": page, "b|2": "entities/b.html"}}))

    assert publish_summary.page_links(ctx.folder, ctx.log) == {"b|2": "entities/b.html"}


def test_a_report_that_cannot_be_rendered_again_stays(logged, monkeypatch):
    ctx, _ = logged
    report = (ctx.folder.root / "report.html").read_text()

    def broken(*_):
        raise TypeError("must be real number, not str")

    monkeypatch.setattr(publish_summary, "render_html", broken)
    with pytest.raises(StackError, match=r"report\.html of run r1 cannot be rendered again: TypeError: must be real"):
        render_again(ctx)

    assert (ctx.folder.root / "report.html").read_text() == report


def test_a_run_without_a_summary_ended_with_its_last_stage(logged):
    ctx, _ = logged
    ctx.folder.summary.unlink()

    summary = render_again(ctx)

    assert (summary["ended_at"], summary["duration_sec"]) == (END, 7.5)
    [entry] = read_history(ctx.folder.root.parent).entries
    assert (entry.ended_at, entry.duration_sec) == (END, 7.5)


@pytest.mark.parametrize("content", [NOT_JSON, "null", "[]", "{}"])
def test_a_plan_a_stage_and_a_stack_that_cannot_be_read_are_named(logged, content):
    ctx, _ = logged
    readers = {
        "plan.json": ctx.folder.read_plan,
        "stages/assert_raw_typed.json": lambda: ctx.folder.read_stage("assert_raw_typed"),
        "stack/state.json": ctx.folder.read_stack_state,
    }
    for name, read in readers.items():
        write(ctx.folder.root / name, content)
        with pytest.raises(BrokenFileError) as raised:
            read()
        assert str(ctx.folder.root / name) in raised.value.message
