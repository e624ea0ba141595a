"""What the tests of the page in Airflow share: a user's browser, a run that failed, and a hostile report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from streamproof.runs.context import RunContext
from streamproof.runs.folder import RunFolder
from streamproof.runtime.files import write_json
from streamproof.stages.publish_summary import publish
from tests.support.browser import SCREENSHOTS, Look, open_browser

from .api_server import READER, ApiServer

Browsing = Callable[[Callable[[Look], Any]], Any]

# What a script in a report could try as the user who reads it.
HOSTILE = """<!DOCTYPE html><title>waiting</title><script>
const tries = [fetch("/api/v2/dags").then(() => "called the API"), new Promise((done) => {
  try { done(document.cookie || localStorage.length || "read storage"); } catch { done("nothing"); }
})];
Promise.allSettled(tries).then((all) => {
  const done = all.filter((one) => one.status === "fulfilled" && one.value !== "nothing").map((one) => one.value);
  document.title = done.join(" and ") || "nothing";
});
</script>"""


@contextmanager
def browser_in_a_thread() -> Iterator[Browsing]:
    """Give the function that does something in a browser.

    It is done in a thread of its own: in the thread that Playwright uses, an event loop goes on running, and nothing
    else can be waited for.
    """
    with ThreadPoolExecutor(1) as thread, ExitStack() as opened:
        stack = ExitStack()
        opened.callback(lambda: thread.submit(stack.close).result())
        look = Look(thread.submit(stack.enter_context, open_browser()).result())
        yield lambda action: thread.submit(action, look).result()


def as_user(server: ApiServer, user: str) -> Callable[[Page], object]:
    """Return what logs a browser in."""
    return lambda page: page.context.add_cookies([server.cookie(user)])


def look_at_pages(look: Look, server: ApiServer, pages: Mapping[str, str]) -> None:
    """Look at pages as a reader, wide and narrow, light and dark: no errors, no faults, nothing from elsewhere."""
    for name, path in pages.items():
        for width, dark in ((1280, False), (1280, True), (390, False), (390, True)):
            save = f"airflow-{name}-{width}{'-dark' if dark else ''}.png"
            seen = look(server.url + path, width=width, dark=dark, save=save, prepare=as_user(server, READER))
            assert (seen.errors, seen.requests, seen.faults()) == ([], [], []), save
            assert not seen.scrolls_sideways(), save
        look.close()


def copy_that_failed(passed: Path, run_id: str) -> str:
    """Make a failed run from one that passed: one of its checks fails. Return its id."""
    folder = RunFolder(passed.with_name(run_id))
    shutil.copytree(passed, folder.root)
    plan = json.loads((folder.root / "plan.json").read_text())
    write_json(folder.root / "plan.json", {**plan, "run_id": run_id, "folder": str(folder.root), "dag_run_id": ""})
    stage = folder.stages / "assert_raw_typed.json"
    result = json.loads(stage.read_text())
    result["checks"][0] |= {"status": "failed", "failed_rows": 3}
    write_json(stage, result | {"status": "failed"})
    summary = publish(RunContext.open(folder.root))
    assert summary["verdict"] == "failed"
    return run_id


def report_from_the_page(look: Look, server: ApiServer, run_id: str) -> tuple[str, dict[str, Any]]:
    """Open a run's report from its page, and its summary from the report. Return title and summary.

    A link in the report leaves a sandbox; the user's cookie must go with it.
    """
    page = look(f"{server.url}/streamproof/runs/{run_id}", prepare=as_user(server, READER)).page
    page.get_by_role("link", name="Report", exact=True).click()
    page.wait_for_url("**/report.html")
    title = page.title()
    page.locator('a[href="summary.json"]').first.click()
    page.wait_for_url("**/summary.json")
    return title, json.loads(page.inner_text("body"))


def done_by_a_hostile_report(look: Look, server: ApiServer, folder: Path) -> str:
    """Open a hostile report in a run's folder as a reader; return what its script could do, `nothing` if so."""
    (folder / "hostile.html").write_text(HOSTILE)
    address = f"{server.url}/streamproof/runs/{folder.name}/files/hostile.html"
    page = look(address, prepare=as_user(server, READER)).page
    page.wait_for_function("document.title !== 'waiting'")
    return page.title()


def opened_from_the_navigation(look: Look, server: ApiServer) -> str:
    """Click the page's entry in the navigation of Airflow's UI, and return the heading of the page that opens."""
    page = look(f"{server.url}/", prepare=as_user(server, READER)).page
    page.get_by_role("button", name="Browse").click()
    entry = page.get_by_role("menuitem", name="Streamproof runs")
    entry.wait_for()
    page.screenshot(path=SCREENSHOTS / "airflow-navigation-1280.png")
    with page.context.expect_page() as opened:
        entry.click()
    opened.value.wait_for_load_state()
    return opened.value.locator("h1").inner_text()
