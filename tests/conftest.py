"""What every test shares. Where CI is set, a skip whose reason is not listed here is a failure."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.support.browser import Look

# Reasons for which a test may be skipped in CI, word for word. Keep it short; each needs a line that says why.
ALLOWED_SKIP_REASONS: frozenset[str] = frozenset()

HOME = Path(__file__).resolve().parents[1]

# These machines are noisy: how long an example takes says nothing about the code.
settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy")


# A shell starts a background job with interrupts ignored, and every child inherits that: tests that interrupt a child
# would wait for ever. With a handler of our own, children start with the default again.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Those that take minutes must not be the last to begin.
LONGEST = ("tests/system/test_prove.py", "tests/system/airflow/test_scheduler.py", "tests/system/test_outside.py")


def _turn(item: pytest.Item) -> int:
    """Return when the file of a test begins: the longest in their order, then all others."""
    return next((turn for turn, file in enumerate(LONGEST) if item.path.match(file)), len(LONGEST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first: whichever process is free takes the next file."""
    items.sort(key=_turn)


# The files of each share services, which start once when one process gets them all.
TOGETHER = ("tests/integration/flink/", "tests/integration/pipelines/livepeer/", "tests/integration/report/")


class FilesTogether(LoadFileScheduling):
    """Gives out files, as `--dist loadfile` does, but those of some folders together."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FilesTogether:
    """Put our own distribution in the place of `--dist loadfile`."""
    return FilesTogether(config, log)


@pytest.fixture(scope="session")
def home() -> Path:
    """The project folder."""
    return HOME


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """The cache of jars and archives that `make setup` has filled."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamproof"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that the tests of a file share.

    While it is open, Playwright's event loop goes on running in this thread, and `asyncio.run` fails here.
    """
    from tests.support.browser import open_browser

    with open_browser() as opened:
        yield opened


@pytest.fixture
def look(browser: Browser) -> Iterator[Look]:
    """Open pages in the browser; they are closed when the test ends."""
    from tests.support.browser import Look

    looking = Look(browser)
    yield looking
    looking.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Turn a skip with an unlisted reason into a failure where CI is set."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if reason.removeprefix("Skipped: ") not in ALLOWED_SKIP_REASONS:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped in CI: {reason}"
