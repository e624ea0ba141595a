"""The mail about a run: when it is sent, what it says, and that it never stands in the way."""

from __future__ import annotations

import logging
import shutil
from types import SimpleNamespace

import orjson
import pytest

from streamproof.airflow import alerts
from streamproof.airflow.alerting import sending
from streamproof.airflow.alerting.kept import keep_rules
from streamproof.airflow.alerting.rules import AlertOn, AlertRules
from streamproof.airflow.pack_dags import recipients
from streamproof.airflow.settings import read_settings
from streamproof.history.store import record
from streamproof.model.errors import UsageError
from streamproof.model.results import CheckResult, StageResult, Status

CONTEXT = {"dag": SimpleNamespace(dag_id="streamproof_run"), "run_id": "manual__1", "reason": "task_failure"}


@pytest.fixture
def environment(monkeypatch, tmp_path):
    monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
    monkeypatch.setenv("STREAMPROOF_ALERT_TO", "a@b.c")
    return tmp_path


def ended(run_id, *, failed=True):
    return alerts.ended_run(read_settings(), {**CONTEXT, "run_id": run_id}, failed=failed)


def published(folder, verdict="failed", started="2026-03-01T02:15:00.000Z", checks=None, **changes):
    """Publish a run of the given checks (status by name), whose summary has these changes."""
    folder.mkdir()
    failure = {
        "suite": "raw_typed", "name": "typed_counts", "failed_rows": 1, "layer": "typed", "sessions": [],
        "diagnostics": {"missing": "{{ boom }}"}, "error": None,
    }  # fmt: skip
    summary = {
        "run_id": folder.name, "pack": "livepeer", "mode": "full", "verdict": verdict, "folder": str(folder),
        "window": {"from_ts": "2026-03-01T02:15:00.000Z", "to_ts": "2026-03-01T03:15:00.000Z"},
        "stack": {"name": "local", "kafka": "broker", "clickhouse": "x", "processor": "local", "versions": {}},
        "git_commit": "unknown", "fixture": {"manifest": "/m", "sha256": "ab", "events": 3},
        "results": [], "checks": {"total": 1, "passed": 0, "failed": 1, "errored": 0, "skipped": 0},
        "failures": [failure], "not_judged": [], "first_broken_layer": "typed", "rerun": "streamproof run --mode full",
        "error": None, "hint": None, "injected": None, "notices": [], "duration_sec": 3.0, "unjudged": [],
        "started_at": "2026-03-01T02:15:00.000Z", "ended_at": "2026-03-01T02:15:03.000Z",
    }  # fmt: skip
    summary["started_at"], summary["not_run"] = started, []
    if verdict == "passed":
        summary |= {"failures": [], "first_broken_layer": None}
        summary["checks"] |= {"passed": 1, "failed": 0}
    statuses = checks or {"typed_counts": "passed" if verdict == "passed" else "failed"}
    summary["checks"]["failed"] = list(statuses.values()).count("failed")
    summary |= changes
    (folder / "summary.json").write_bytes(orjson.dumps(summary))
    found = tuple(CheckResult("raw_typed", name, Status(status)) for name, status in statuses.items())
    record(folder.parent, summary, {"a": StageResult("a", found[0].status, "", "", 0.0, checks=found)})


@pytest.fixture
def sent(monkeypatch):
    """The mails that would be sent, as (connection, mail, recipients)."""
    mails = []
    monkeypatch.setattr(sending, "send", lambda *mail: mails.append(mail))
    return mails


def outcome(folder):
    return orjson.loads((folder / "mail/outcome.json").read_bytes())


def test_the_mail_is_that_of_the_newest_attempt(environment):
    published(environment / "manual__1", verdict="error")
    published(environment / "manual__1.try2")

    mail = alerts.mail_of(ended("manual__1"))

    assert "failed" in mail.subject
    assert "typed" in mail.subject
    assert "typed_counts" in mail.html
    assert "streamproof run --mode full" in mail.html
    assert "/dags/streamproof_run/runs/manual__1" in mail.html
    assert "/streamproof/runs/manual__1.try2" in mail.html


def test_the_run_of_another_dag_with_the_same_run_id_is_not_looked_at(environment, sent):
    published(environment / "manual__1", "passed")
    (environment / "manual__1/plan.json").write_text('{"dag_id": "streamproof_run"}')
    (environment / "manual__1.try2").mkdir()
    (environment / "manual__1.try2/plan.json").write_text('{"dag_id": "streamproof_run_market"}')
    keep_rules(environment / "manual__1.try2", AlertRules(("market@example.org",), AlertOn.ALWAYS, 1))

    alerts.mail_passed_run(CONTEXT)
    assert sent == []

    market = {**CONTEXT, "dag": SimpleNamespace(dag_id="streamproof_run_market")}
    alerts.mail_failed_run(market)
    [(_, mail, to)] = sent
    assert (mail.subject, to) == ("[streamproof] manual__1: no verdict", ("market@example.org",))


def test_without_a_summary_it_says_so(environment):
    mail = alerts.mail_of(ended("manual__<1>"))

    assert "no verdict" in mail.subject
    assert "manual__&lt;1&gt;" in mail.html
    assert "plan_run" in mail.html

    (environment / "manual__1").mkdir()
    assert str(environment) in alerts.mail_of(ended("manual__1")).html


@pytest.mark.parametrize(
    "summary",
    ["[]", "[1]", '"x"', "{}", "null", '{"verdict"', '{"run_id": "1", "pack": "p", "verdict": "failed"}', None],
)
def test_a_summary_that_cannot_be_read_is_mailed_as_none(environment, sent, summary):
    published(environment / "manual__1")
    path = environment / "manual__1/summary.json"
    path.unlink()
    if summary is None:
        path.mkdir()
    else:
        path.write_text(summary)

    alerts.mail_failed_run(CONTEXT)

    [(_, mail, _)] = sent
    assert mail.subject == "[streamproof] manual__1: no verdict"


@pytest.mark.parametrize(
    "damage", [{"checks": None}, {"failures": None}, {"rerun": ...}, {"fixture": ...}, {"stack": 5}]
)
def test_a_summary_that_says_too_little_is_mailed(environment, sent, damage):
    published(environment / "manual__1")
    path = environment / "manual__1/summary.json"
    summary = {**orjson.loads(path.read_bytes()), **damage}
    path.write_bytes(orjson.dumps({key: value for key, value in summary.items() if value is not ...}))

    alerts.mail_failed_run(CONTEXT)

    [(_, mail, _)] = sent
    assert mail.subject.startswith("[streamproof] ")
    assert str(environment / "manual__1") in mail.html


def test_what_looks_like_a_template_is_sent_as_it_is(environment, sent):
    published(environment / "manual__1")

    alerts.mail_failed_run(CONTEXT)

    [(connection, mail, to)] = sent
    assert "{{ boom }}" in mail.html
    assert (connection, to) == ("smtp_default", ("a@b.c",))
    assert "livepeer" in mail.subject
    found = outcome(environment / "manual__1")
    assert (found["kind"], found["sent"], found["error"], found["to"]) == ("failure", True, None, ["a@b.c"])
    assert (environment / "manual__1/mail/mail.txt").read_text() == mail.text


def test_one_mail_is_sent_of_a_run_however_often_airflow_calls(environment, sent):
    published(environment / "manual__1")
    alerts.mail_failed_run(CONTEXT)
    alerts.mail_failed_run(CONTEXT)
    assert len(sent) == 1


def test_the_first_pass_after_a_failure_is_mailed_and_the_next_is_not(environment, sent):
    published(environment / "night1", started="2026-03-01T02:15:00.000Z")
    for number in (2, 3):
        published(environment / f"night{number}", "passed", started=f"2026-03-0{number}T02:15:00.000Z")
        alerts.mail_passed_run({**CONTEXT, "run_id": f"night{number}"})
    [(_, mail, _)] = sent
    assert mail.subject == "[streamproof] livepeer passes again: the one check holds"
    assert "night1, failed" in mail.text
    assert "raw_typed.typed_counts" in mail.text
    assert outcome(environment / "night2")["kind"] == "recovery"
    assert not (environment / "night3/mail").exists()


def night(number, folder, verdict="passed", **changes):
    """Publish the run of that night, and tell of its end."""
    published(folder / f"night{number}", verdict, started=f"2026-03-0{number}T02:15:00.000Z", **changes)
    end = alerts.mail_passed_run if verdict == "passed" else alerts.mail_failed_run
    end({**CONTEXT, "run_id": f"night{number}"})


def test_a_run_of_other_suites_ends_no_failure(environment, sent):
    night(1, environment, "failed")
    night(2, environment, rerun="streamproof run --mode full --suites other", checks={"other": "passed"})
    assert len(sent) == 1
    night(3, environment)
    assert [mail.subject for _, mail, _ in sent[1:]] == ["[streamproof] livepeer passes again: the one check holds"]
    assert "The run before, night1, failed" in sent[1][1].text


def test_a_failure_of_the_command_line_is_not_the_one_that_a_dag_ends(environment, sent):
    dag_run = {"dag_id": "streamproof_run", "run_id": "x"}
    published(environment / "by-hand")
    night(2, environment, dag_run=dag_run)
    assert sent == []


def test_only_checks_that_passed_now_are_said_to_hold(environment, sent):
    before = {"counts": "failed", "values": "errored", "gone": "failed", "empty": "failed", "fine": "passed"}
    night(1, environment, "failed", checks=before)
    night(2, environment, checks={"counts": "passed", "values": "passed", "empty": "skipped", "fine": "passed"})
    mail = sent[1][1]
    told = [line for line in mail.text.splitlines() if "failed then, holds now" in line]
    assert told == [f"- raw_typed.{name}: failed then, holds now" for name in ("counts", "values")]
    assert not any(f"raw_typed.{name}" in mail.html for name in ("gone", "empty", "fine"))


def test_a_small_failure_does_not_hide_the_one_that_was_mailed_about(environment, sent, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_STREAMPROOF_ALERT_MIN_FAILED", "3")
    many, few = ({f"c{number}": "failed" for number in range(count)} for count in (5, 2))
    passed = dict.fromkeys(many, "passed")
    night(1, environment, "failed", checks=many)
    night(2, environment, "failed", checks={**passed, **few})
    night(3, environment, checks=passed)
    night(4, environment, checks=passed)
    night(5, environment, "failed", checks={**passed, **few})
    night(6, environment, checks=passed)
    assert [outcome(environment / f"night{number}")["kind"] for number in (1, 3)] == ["failure", "recovery"]
    assert len(sent) == 2
    assert "An earlier run, night1, failed" in sent[1][1].text
    assert "raw_typed.c4: failed then, holds now" in sent[1][1].text


def test_the_rules_that_the_run_began_with_decide(environment, sent, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_STREAMPROOF_ALERT_TO", "other@example.org")
    published(environment / "manual__1")
    keep_rules(environment / "manual__1", AlertRules(("me@example.org",), AlertOn.FAILURES, 2))
    alerts.mail_failed_run(CONTEXT)
    assert sent == []
    keep_rules(environment / "manual__1", AlertRules(("me@example.org",), AlertOn.FAILURES, 1))
    alerts.mail_failed_run(CONTEXT)
    assert [to for _, _, to in sent] == [("me@example.org",)]


def test_a_run_that_was_refused_for_its_rules_is_mailed_about_all_the_same(environment, sent, caplog):
    alerts.mail_failed_run({**CONTEXT, "params": {"alert_on": "sometimes"}})
    [(_, mail, to)] = sent
    assert to == ("a@b.c",)
    assert "no verdict" in mail.subject
    assert "Param alert_on is 'sometimes'" in caplog.text


def test_a_dag_run_that_fails_after_its_verdict_is_a_failure(environment, sent):
    published(environment / "manual__1", "passed")
    alerts.mail_failed_run(CONTEXT)
    [(_, mail, _)] = sent
    assert mail.subject == "[streamproof] livepeer: all checks hold, and the DAG run failed: task_failure"
    assert "Why: task_failure" in mail.text


def test_reports_may_be_served_elsewhere(environment, monkeypatch):
    published(environment / "manual__1")
    monkeypatch.setenv("STREAMPROOF_REPORT_URL", "https://reports.example.org/runs/")
    assert ended("manual__1").links[0][1] == "https://reports.example.org/runs/manual__1/report.html"
    monkeypatch.setenv("STREAMPROOF_REPORT_URL", "ftp://x")
    with pytest.raises(UsageError, match="STREAMPROOF_REPORT_URL is 'ftp://x'"):
        read_settings()


def test_nothing_that_is_broken_makes_a_callback_raise(environment, sent, caplog, monkeypatch):
    published(environment / "manual__1")
    (environment / "manual__1/summary.json").write_text('{"verdict": "passed", "checks": 3')
    (environment / "manual__1/mail").mkdir()
    (environment / "manual__1/mail/rules.json").write_text("[]")
    (environment / "manual__1/mail/outcome.json").write_text('["sent"]')
    alerts.mail_failed_run(CONTEXT)
    assert [mail.subject for _, mail, _ in sent] == ["[streamproof] manual__1: no verdict"]
    monkeypatch.setattr(alerts, "_alert_by_rules", lambda *_: 1 // 0)
    alerts.mail_passed_run(CONTEXT)
    assert "nobody was told of it" in caplog.text


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
    found = outcome(environment / "manual__1")
    assert found["sent"] is False
    assert "Connection refused" in found["error"]
    assert "hush" not in (environment / "manual__1/mail/outcome.json").read_text()
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
