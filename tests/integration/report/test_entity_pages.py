"""The pages of sessions in a browser: one that is as expected, and one that lost its typed rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HEALTHY = "strm-01232610|393c0e9b"
WIDTHS = (1280, 390)


def page_of(run: Path, session: str) -> Path:
    pages = json.loads((run / "entities/index.json").read_text())["pages"]
    return run / pages[session]


def damaged(run: Path) -> str:
    """The session that the most failing checks of the run name."""
    failures = json.loads((run / "summary.json").read_text())["failures"]
    named = [session for failure in failures for session in failure["sessions"]]
    return max(named, key=named.count)


def sound(seen) -> None:
    assert seen.errors == []
    assert seen.requests == []
    assert seen.faults() == []
    assert not seen.scrolls_sideways()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_of_a_healthy_session(look, passed_run, width, dark):
    seen = look(
        page_of(passed_run, HEALTHY),
        width=width,
        dark=dark,
        save=f"session-passed-{width}-{'dark' if dark else 'light'}.png",
    )
    sound(seen)
    page = seen.page
    assert page.locator("h1").inner_text() == HEALTHY
    assert "It is as the oracle expects" in page.locator(".hero").inner_text()
    assert page.locator(".failure").count() == 0
    assert page.locator("#timeline .mark").count() > 5
    assert page.locator(".chart path.line").count() == 2
    assert page.locator("section.layer .note").count() == 0


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_of_a_damaged_session(look, failed_run, width, dark):
    seen = look(
        page_of(failed_run, damaged(failed_run)),
        width=width,
        dark=dark,
        save=f"session-failed-{width}-{'dark' if dark else 'light'}.png",
    )
    sound(seen)
    page = seen.page
    assert "of the run name" in page.locator(".hero").inner_text()
    assert page.locator(".failure").count() >= 1
    assert "Typed status samples" in page.locator("section.layer .empty").all_inner_texts()[1]


def test_the_report_links_to_the_pages_and_the_page_back(look, failed_run):
    page = look(failed_run / "report.html").page
    session = damaged(failed_run)
    page.locator(f"a:has(code:text-is('{session}'))").first.click()
    assert page.locator("h1").inner_text() == session
    page.get_by_role("link", name="Report of run").click()
    assert page.locator("h1").inner_text() == "Failed"


def test_the_page_is_used_with_the_keyboard(look, passed_run):
    page = look(page_of(passed_run, HEALTHY)).page
    closed = page.locator("section.layer details:not([open])").first
    handle = closed.element_handle()
    closed.locator("summary").focus()
    page.keyboard.press("Enter")
    assert handle.evaluate("details => details.open")


def test_a_printed_page_shows_the_closed_tables(look, passed_run):
    page = look(page_of(passed_run, HEALTHY)).page
    hidden = page.locator("section.layer details:not([open]) table").first
    assert not hidden.is_visible()
    page.emulate_media(media="print")
    assert hidden.is_visible()
