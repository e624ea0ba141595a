"""The failure mail: what it says, and that it never stands in the way."""

from __future__ import annotations

import logging
import shutil
from types import SimpleNamespace

import orjson
import pytest

from streamproof.airflow import alerts
from streamproof.airflow.pack_dags import recipients
from streamproof.airflow.settings import read_settings

CONTEXT = {"dag": SimpleNamespace(dag_id="streamproof_run"), "run_id": "manual__1", "reason": "task_failure"}


@pytest.fixture
def environment(monkeypatch, tmp_path):
    monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
    monkeypatch.setenv("STREAMPROOF_ALERT_TO", "a@b.c")
    return tmp_path


def published(folder, verdict="failed"):
    folder.mkdir()
    failure = {
        "suite": "raw_typed", "name": "typed_counts", "failed_rows": 1, "layer": "typed", "sessions": [],
        "diagnostics": {"missing": "{{ boom }}"}, "error": None,
    }  # fmt: skip
    summary = {
        "run_id": "manual__1", "pack": "livepeer", "mode": "full", "verdict": verdict, "folder": str(folder),
        "window": {"from_ts": "2026-03-01T02:15:00.000Z", "to_ts": "2026-03-01T03:15:00.000Z"},
        "stack": {"name": "local", "kafka": "broker", "clickhouse": "x", "processor": "local", "versions": {}},
        "git_commit": "unknown", "fixture": {"manifest": "/m", "sha256": "ab", "events": 3},
        "results": [], "checks": {"total": 1, "passed": 0, "failed": 1, "errored": 0, "skipped": 0},
        "failures": [failure], "not_judged": [], "first_broken_layer": "typed", "rerun": "streamproof run --mode full",
        "error": None, "hint": None, "injected": None, "notices": [], "duration_sec": 3.0, "unjudged": [],
        "started_at": "2026-03-01T02:15:00.000Z", "ended_at": "2026-03-01T02:15:03.000Z",
    }  # fmt: skip
    (folder / "summary.json").write_bytes(orjson.dumps(summary))


def test_the_mail_is_that_of_the_newest_attempt(environment):
    published(environment / "manual__1", verdict="error")
    published(environment / "manual__1.try2")

    mail = alerts.failure_mail(read_settings(), "streamproof_run", "manual__1", reason="r")

    assert "failed" in mail.subject
    assert "typed" in mail.subject
    assert "typed_counts" in mail.html
    assert "streamproof run --mode full" in mail.html
    assert "/dags/streamproof_run/runs/manual__1" in mail.html


def test_without_a_summary_it_says_so(environment):
    mail = alerts.failure_mail(read_settings(), "streamproof_run", "manual__<1>", reason="task_failure")

    assert "no verdict" in mail.subject
    assert "manual__&lt;1&gt;" in mail.html
    assert "plan_run" in mail.html

    (environment / "manual__1").mkdir()
    assert str(environment) in alerts.failure_mail(read_settings(), "d", "manual__1", reason="r").html


def test_what_looks_like_a_template_is_sent_as_it_is_and_the_dag_is_kept_out(environment, monkeypatch):
    published(environment / "manual__1")
    sent = {}

    def notify(self, context):
        sent.update(html=self.html_content, subject=self.subject, to=self.to, dag=context.get("dag"))

    monkeypatch.setattr("airflow.providers.smtp.notifications.smtp.SmtpNotifier.notify", notify)

    alerts.mail_failed_run(CONTEXT)

    assert "{{ boom }}" in sent["html"]
    assert sent["to"] == ["a@b.c"]
    assert sent["dag"] is None
    assert "livepeer" in sent["subject"]


def test_without_recipients_it_says_what_to_set(environment, monkeypatch, caplog):
    monkeypatch.delenv("STREAMPROOF_ALERT_TO")

    with caplog.at_level(logging.WARNING):
        alerts.mail_failed_run(CONTEXT)

    assert "STREAMPROOF_ALERT_TO" in caplog.text


def test_a_mail_that_cannot_be_sent_is_logged_and_not_raised(environment, monkeypatch, caplog):
    published(environment / "manual__1")
    monkeypatch.setenv(
        "AIRFLOW_CONN_SMTP_DEFAULT",
        '{"conn_type":"smtp","host":"127.0.0.1","port":9,"password":"hush","extra":{"disable_ssl":true,"disable_tls":true,'
        '"from_email":"x@y.z","retry_limit":1,"timeout":2}}',
    )

    with caplog.at_level(logging.ERROR):
        alerts.mail_failed_run(CONTEXT)

    assert "was not sent" in caplog.text
    assert "smtp_default" in caplog.text
    assert "hush" not in caplog.text


@pytest.mark.parametrize(
    ("dag_id", "to"),
    [
        ("streamproof_run_clicks", ("clicks@example.org",)),
        ("streamproof_run", ("a@b.c",)),
        ("streamproof_run_gone", ("a@b.c",)),
        ("streamproof_prove", ("a@b.c",)),
    ],
)
def test_the_mail_goes_to_the_recipients_of_the_pack(environment, home, monkeypatch, dag_id, to):
    shutil.copytree(home / "tests/packs/counter", environment / "packs/clicks")
    with (environment / "packs/clicks/pack.yaml").open("a") as file:
        file.write("dag: {alert_to: [clicks@example.org]}\n")
    monkeypatch.setenv("STREAMPROOF_PACKS", str(environment / "packs"))
    assert recipients(read_settings(), dag_id) == to
