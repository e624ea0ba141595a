"""A real browser: Debian's Chromium without a screen. What a page shows, loads, logs and fails at is told."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urldefrag, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

HEIGHT = 900
SERIOUS = ("serious", "critical")
# Where screenshots are kept, to be looked at.
SCREENSHOTS = Path(__file__).resolve().parents[2] / "artifacts" / "screenshots"

ColorScheme = Literal["dark", "light"]


def chromium() -> str:
    """Return the path of Chromium. As root on Debian it is installed where it is missing."""
    with Path(tempfile.gettempdir(), "streamproof-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if shutil.which("chromium") is None:
            env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            packages = ["chromium", "fonts-dejavu-core"]
            for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
                subprocess.run(["apt-get", *command], env=env, check=True, stdout=subprocess.DEVNULL, timeout=900)
    found = shutil.which("chromium")
    assert found is not None, "Chromium is missing: apt-get install chromium"
    return found


@dataclass
class Seen:
    """A page that was opened.

    `errors` are the errors of its console and its scripts. `requests` are the addresses that it loaded from anywhere
    but its own host; a file has no host, so these are all that it loaded beside itself.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Return the serious and critical faults of accessibility that axe-core finds, with the elements."""
        violations = Axe().run(self.page).response["violations"]
        return [
            f"{fault['id']}: {fault['help']}: {[node['html'][:120] for node in fault['nodes'][:5]]}"
            for fault in violations
            if fault["impact"] in SERIOUS
        ]

    def scrolls_sideways(self) -> bool:
        """Return whether the page itself is wider than its window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


class Look:
    """Opens pages, each in a context of its own, and keeps them open until `close`."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def __call__(
        self,
        target: str | Path,
        *,
        width: int = 1280,
        dark: bool = False,
        save: str | None = None,
        script: bool = True,
        prepare: Callable[[Page], object] | None = None,
    ) -> Seen:
        """Open a file or an address, `width` CSS pixels wide, and save a screenshot of the whole page as `save`.

        `prepare` is called with the empty page, for instance to log in. Without `script`, no script of the page runs.
        """
        address = target.resolve().as_uri() if isinstance(target, Path) else target
        scheme: ColorScheme = "dark" if dark else "light"
        context = self._browser.new_context(
            viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, java_script_enabled=script
        )
        self._contexts.append(context)
        page = context.new_page()
        seen = Seen(page)
        if prepare is not None:
            prepare(page)
        self._listen(seen, address)
        page.goto(address, wait_until="load")
        if save is not None:
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SCREENSHOTS / save, full_page=True)
        return seen

    def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    @staticmethod
    def _listen(seen: Seen, address: str) -> None:
        host = urlsplit(address).netloc

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                seen.errors.append(message.text)

        def on_request(request: Request) -> None:
            wanted = urlsplit(request.url)
            inside = wanted.netloc == host if host else urldefrag(request.url)[0] == urldefrag(address)[0]
            if wanted.scheme not in ("data", "blob", "about") and not inside:
                seen.requests.append(request.url)

        seen.page.on("console", on_console)
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("request", on_request)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Give a browser. It loads nothing of its own from the network."""
    with sync_playwright() as playwright:
        # As root, Chromium runs only without its sandbox. It opens pages of our own alone.
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-background-networking"]
        )
        try:
            yield browser
        finally:
            browser.close()
