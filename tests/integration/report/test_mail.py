"""The mails of real runs, as a mail server gets them and as Chromium shows them, on a desktop and on a phone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest

from streamproof.airflow import alerts
from streamproof.history.store import history_folder
from tests.system.airflow.conftest import ALERT_TO, MailSink

pytestmark = [pytest.mark.engine]

HOSTILE = "<script>document.title='run'</script><img src=x onerror=alert(1)> & \"quoted\""


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MailSink]:
    """A mail server, to which the alerts of runs in `tmp_path` go."""
    sink = MailSink()
    sink.start()
    for name, value in sink.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
    yield sink
    sink.stop()


def ended(run_id: str) -> dict[str, object]:
    return {"dag": SimpleNamespace(dag_id="streamproof_run"), "run_id": run_id, "reason": "task_failure"}


def failure(failed_run: Path, passed_run: Path, runs: Path) -> str:
    """Mail about the failed run."""
    shutil.copytree(failed_run, runs / "night", ignore=shutil.ignore_patterns("data"))
    alerts.mail_failed_run(ended("night"))
    return "Failing checks"


def error(failed_run: Path, passed_run: Path, runs: Path) -> str:
    """Mail about a run that could not be judged, with text that looks like HTML."""
    shutil.copytree(failed_run, runs / "night", ignore=shutil.ignore_patterns("data"))
    path = runs / "night/summary.json"
    summary = orjson.loads(path.read_bytes())
    checks = [{**check, "error": HOSTILE} for check in summary["failures"][:1]]
    summary |= {"verdict": "error", "error": HOSTILE, "hint": HOSTILE, "failures": [], "not_judged": checks}
    path.write_bytes(orjson.dumps(summary))
    alerts.mail_failed_run(ended("night"))
    return "could not be judged"


def recovery(failed_run: Path, passed_run: Path, runs: Path) -> str:
    """Mail about the passed run, with the failed one as the night before it."""
    shutil.copytree(passed_run, runs / "passed", ignore=shutil.ignore_patterns("data"))
    shutil.copytree(history_folder(passed_run.parent), history_folder(runs))
    before = history_folder(runs) / "failed.json"
    entry = {**orjson.loads(before.read_bytes()), "injected": False, "started_at": "2026-01-01T00:00:00.000Z"}
    before.write_bytes(orjson.dumps(entry))
    alerts.mail_passed_run(ended("passed"))
    return "What failed then and holds now"


@pytest.mark.parametrize("mail_about", [failure, error, recovery])
def test_a_mail_is_readable_on_a_desktop_and_on_a_phone(
    look,
    sink: MailSink,
    failed_run: Path,
    passed_run: Path,
    tmp_path: Path,
    mail_about: Callable[[Path, Path, Path], str],
):
    heading = mail_about(failed_run, passed_run, tmp_path)

    [mail] = sink.mails
    assert mail["To"] == ALERT_TO
    page = tmp_path / "mail.html"
    page.write_text(part(mail, "html"))
    name = mail_about.__name__
    for width, dark in ((1280, False), (390, False), (390, True)):
        seen = look(page, width=width, dark=dark, save=f"mail-{name}-{width}{'-dark' if dark else ''}.png")
        assert heading in seen.page.inner_text("body")
        assert not seen.scrolls_sideways()
        assert (seen.errors, seen.requests, seen.faults()) == ([], [], [])
        assert seen.page.title() == mail["Subject"]
    assert seen.page.locator("script, img").count() == 0
    assert seen.page.locator("a").count() == 2
    assert mail_about.__name__ != "recovery" or "failed then, holds now" in part(mail, "plain")
    assert json.loads((tmp_path / "passed" if mail_about is recovery else tmp_path / "night").joinpath(
        "mail/outcome.json").read_text())["sent"] is True  # fmt: skip


def part(mail: EmailMessage, kind: str) -> str:
    """The text of the plain or of the HTML part."""
    assert mail.get_content_type() == "multipart/alternative"
    assert [found.get_content_subtype() for found in mail.iter_parts()] == ["plain", "html"]
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_the_failure_mail_says_what_to_know_first(sink: MailSink, failed_run: Path, passed_run: Path, tmp_path: Path):
    failure(failed_run, passed_run, tmp_path)
    summary = orjson.loads((failed_run / "summary.json").read_bytes())
    [mail] = sink.mails
    assert mail["Subject"].startswith(
        f"[streamproof] livepeer failed: first broken layer {summary['first_broken_layer']}"
    )
    text = part(mail, "plain")
    for check in summary["failures"][:10]:
        assert f"- {check['suite']}.{check['name']}: " in text
    assert " ".join(summary["failures"][0]["meaning"].split())[:100] in text
    assert text.count("failed row") == min(len(summary["failures"]), 10)
    assert summary["rerun"] in text
    assert next(session for check in summary["failures"] for session in check["sessions"]) in text
    assert "/streamproof/runs/night" in text
