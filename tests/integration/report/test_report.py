"""The report of real runs in a browser: it looks as it should, loads nothing, and can be used by keyboard."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.runs.context import RunContext
from streamproof.stages.publish_summary import render_again

pytestmark = pytest.mark.engine

SECTIONS = [
    "layers", "failures", "timeline", "funnel", "checks", "queries", "scenarios", "sessions", "conservation",
    "contracts", "profiles", "diagnostics", "stack", "files",
]  # fmt: skip
HOSTILE = "<script>document.title = 'it ran'</script><img src=x onerror=\"document.title = 'it ran'\">"


@pytest.fixture
def runs(passed_run: Path, failed_run: Path) -> dict[str, Path]:
    return {"passed": passed_run, "failed": failed_run}


@pytest.fixture
def copy(failed_run: Path, tmp_path: Path) -> RunContext:
    """A copy of the failed run's folder, to damage and to render again."""
    shutil.copytree(failed_run, tmp_path / "failed", ignore=shutil.ignore_patterns("content", "stack", "diagnostics"))
    ctx = RunContext.open(tmp_path / "failed")
    return replace(ctx, folder=type(ctx.folder)(tmp_path / "failed"))


def report(ctx: RunContext) -> Path:
    render_again(ctx)
    return ctx.folder.root / "report.html"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("verdict", ["passed", "failed"])
def test_it_looks_right_and_loads_nothing(look, runs, verdict, width, dark):
    name = f"report-{verdict}-{width}{'-dark' if dark else ''}.png"
    seen = look(runs[verdict] / "report.html", width=width, dark=dark, save=name)
    assert (seen.errors, seen.requests) == ([], [])
    assert not seen.scrolls_sideways()
    # axe-core takes most of the time: it looks at each width and at both schemes of colours, not at each pair of them.
    if dark == (width == 390):
        assert seen.faults() == []
    assert seen.page.get_by_role("heading", level=1).inner_text() == verdict.capitalize()
    found = seen.page.eval_on_selector_all("section[id]", "found => found.map(section => section.id)")
    assert found == [name for name in SECTIONS if name != "failures" or verdict == "failed"]


def test_a_failed_run_shows_at_once_what_does_not_hold(look, failed_run):
    page = look(failed_run / "report.html").page
    summary = json.loads((failed_run / "summary.json").read_text())
    cards = page.locator("#failures article.failure")
    assert cards.count() == len(summary["failures"]) > 0
    assert cards.locator(".meaning").count() == len([one for one in summary["failures"] if one["meaning"]]) > 0
    assert page.locator("details.check[data-status=failed]:visible").count() == len(summary["failures"])
    assert page.locator("details.check[data-status=failed] .body:visible").count() == len(summary["failures"])
    assert page.locator(".counts .layer b").inner_text() == summary["first_broken_layer"] == "typed"
    assert page.locator("#funnel .note-of-bar .lost:visible").count() > 0
    assert page.locator("#sessions tbody tr").count() == 19


def test_checks_are_searched_and_filtered_by_keyboard(look, failed_run):
    page = look(failed_run / "report.html").page
    shown = page.locator("details.check:visible")
    total = page.locator("details.check").count()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.get_by_label("Search", exact=True).focus()
    page.keyboard.type("parity_ai_stream_status")
    assert page.locator("#shown").inner_text() == f"1 of {total} checks"
    assert shown.count() == 1
    page.keyboard.press("Escape")
    assert page.locator("#shown").inner_text() == f"{total} of {total} checks"
    page.keyboard.press("Tab")
    page.keyboard.type("failed")
    failed = page.locator("details.check[data-status=failed]").count()
    assert page.locator("#shown").inner_text() == f"{failed} of {total} checks"
    assert shown.count() == failed > 0
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.get_by_label("Status", exact=True).input_value() == "skipped"
    assert page.locator("#shown").inner_text() == f"0 of {total} checks"


def test_a_check_opens_by_keyboard_and_shows_its_sql(look, passed_run):
    page = look(passed_run / "report.html").page
    suite = page.locator("details.suite", has=page.get_by_role("heading", name="raw_typed")).first
    suite.locator("> summary").focus()
    page.keyboard.press("Enter")
    check = suite.locator("details.check").first
    check.locator("> summary").focus()
    page.keyboard.press("Enter")
    assert check.locator(".meaning").is_visible()
    check.locator(".sql summary").focus()
    page.keyboard.press("Enter")
    assert "SELECT" in check.locator(".sql pre").inner_text()


def test_everything_is_there_without_script(look, failed_run):
    page = look(failed_run / "report.html", script=False).page
    assert page.locator(".filter").is_hidden()
    assert page.locator("#failures .failure:visible").count() > 0
    page.locator("details.suite > summary").last.click()
    assert page.locator("details.suite").last.locator("details.check:visible").count() > 0


def test_it_is_printed_light_and_whole(look, failed_run):
    page = look(failed_run / "report.html", dark=True).page
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)" != dark
    assert page.locator("nav").is_hidden()
    assert page.locator("#failures .failure:visible").count() > 0
    assert page.pdf(format="A4")[:5] == b"%PDF-"


def test_what_a_run_has_seen_stays_text(look, copy):
    file = copy.folder.root / "stages/assert_raw_typed.json"
    stage = json.loads(file.read_text())
    stage["checks"][0] |= {
        "name": HOSTILE,
        "status": "failed",
        "diagnostics": {HOSTILE: HOSTILE, "rows": [{HOSTILE: HOSTILE}]},
        "meaning": f"`{HOSTILE}` {HOSTILE}",
        "error": HOSTILE,
    }
    file.write_text(json.dumps(stage))
    texts = copy.folder.root / "checks.json"
    texts.write_text(json.dumps({f"raw_typed.{HOSTILE}": HOSTILE}))
    seen = look(report(copy))
    assert (seen.errors, seen.requests) == ([], [])
    assert seen.page.title().startswith("Failed")
    assert seen.page.locator("img").count() == 0
    assert HOSTILE in seen.page.locator("#checks").inner_text()


@pytest.mark.parametrize("missing", ["stages", "checks.json", "rungs"])
def test_a_folder_that_is_not_whole_is_shown_with_a_note(look, copy, missing):
    if missing == "stages":
        shutil.rmtree(copy.folder.root / "stages")
    elif missing == "rungs":
        summary = json.loads(copy.folder.summary.read_text())
        older = {key: value for key, value in summary.items() if not key.startswith("rungs")}
        copy.folder.summary.write_text(json.dumps(older))
    else:
        (copy.folder.root / missing).unlink()
    seen = look(report(copy), width=390, save=f"report-without-{missing}-390.png")
    assert (seen.errors, seen.requests) == ([], [])
    note = seen.page.get_by_role("note").filter(has_text="Incomplete")
    words = {
        "stages": "no results of stages",
        "rungs": "from an earlier version",
        "checks.json": "checks.json is missing or cannot be read",
    }
    assert words[missing] in note.first.inner_text()
    assert seen.page.locator("#failures .failure:visible").count() > 0


def test_a_run_that_judged_nothing_says_why(look, copy):
    for stage in json.loads((copy.folder.root / "plan.json").read_text())["stages"]:
        if stage["name"] not in ("stack_up", "schema_apply", "replay_events"):
            (copy.folder.root / f"stages/{stage['name']}.json").unlink(missing_ok=True)
    replay = copy.folder.root / "stages/replay_events.json"
    broken = {
        "status": "errored",
        "error": "The broker closed the connection.",
        "hint": "Read kafka.log.",
        "details": {},
    }
    replay.write_text(json.dumps({**json.loads(replay.read_text()), **broken}))
    copy.folder.summary.unlink()
    seen = look(report(copy), width=390, save="report-error-390.png")
    assert (seen.errors, seen.faults()) == ([], [])
    assert seen.page.get_by_role("heading", level=1).inner_text() == "Not judged"
    alert = seen.page.get_by_role("alert").inner_text()
    assert "The broker closed the connection." in alert
    assert "Read kafka.log." in alert
    assert seen.page.locator("#checks, #failures").count() == 0
