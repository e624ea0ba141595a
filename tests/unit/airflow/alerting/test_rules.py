"""Who is mailed about which runs: Params before Variables, and what is wrong is named."""

from __future__ import annotations

import pytest

from streamproof.airflow.alerting.rules import AlertOn, AlertRules, MailKind, alert_params, alert_rules
from streamproof.airflow.settings import read_settings
from streamproof.model.errors import UsageError

VARIABLE = "AIRFLOW_VAR_STREAMPROOF_"


@pytest.fixture
def rules(monkeypatch):
    """The rules of a run with these Params; Variables are those of the environment."""
    monkeypatch.setenv("STREAMPROOF_ALERT_TO", "a@b.c")

    def of(**params: object) -> AlertRules:
        return alert_rules(params, read_settings(), "streamproof_run")

    return of


def test_without_any_setting_the_environment_is_told_of_failures_and_recoveries(rules):
    assert rules() == AlertRules(("a@b.c",), AlertOn.RECOVERY, 1)
    assert rules(alert_to=None, alert_on="", alert_min_failed=None) == rules()


def test_params_win_over_variables_and_these_over_the_environment(rules, monkeypatch):
    monkeypatch.setenv(f"{VARIABLE}ALERT_TO", "ops@example.org, web@example.org,")
    monkeypatch.setenv(f"{VARIABLE}ALERT_ON", "always")
    monkeypatch.setenv(f"{VARIABLE}ALERT_MIN_FAILED", "3")
    assert rules() == AlertRules(("ops@example.org", "web@example.org"), AlertOn.ALWAYS, 3)
    params = {"alert_to": "me@example.org", "alert_on": "never", "alert_min_failed": 7}
    assert rules(**params) == AlertRules(("me@example.org",), AlertOn.NEVER, 7)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("alert_to", "oncall", "'oncall' is not a mail address."),
        ("alert_to", "a@b.c\nBcc: all@example.org", "is not a mail address."),
        ("alert_to", "a@b.c d@e.f", "is not a mail address."),
        ("alert_on", "sometimes", "is 'sometimes'."),
        ("alert_min_failed", "0", "is '0'."),
        ("alert_min_failed", "-1", "is '-1'."),
        ("alert_min_failed", "few", "is 'few'."),
        ("alert_min_failed", "1.5", "is '1.5'."),
    ],
)
def test_what_is_wrong_is_named_with_where_it_was_given(rules, monkeypatch, name, value, says):
    with pytest.raises(UsageError) as raised:
        rules(**{name: value})
    assert raised.value.message.startswith(f"Param {name}")
    assert says in raised.value.message
    assert raised.value.hint
    monkeypatch.setenv(f"{VARIABLE}{name.upper()}", value)
    with pytest.raises(UsageError, match=f"Airflow Variable streamproof_{name}"):
        rules()


def test_the_addresses_of_the_environment_are_looked_at_too(rules, monkeypatch):
    monkeypatch.setenv("STREAMPROOF_ALERT_TO", "a@b.c, oncall")
    with pytest.raises(UsageError, match="STREAMPROOF_ALERT_TO: 'oncall' is not a mail address"):
        rules()
    monkeypatch.delenv("STREAMPROOF_ALERT_TO")
    assert rules().to == ()


FAILED, ERROR, PASSED = ("failed", 2), ("error", 0), ("passed", 0)


@pytest.mark.parametrize(
    ("on", "least", "run", "before", "kind"),
    [
        (AlertOn.FAILURES, 1, FAILED, None, MailKind.FAILURE),
        (AlertOn.FAILURES, 1, (None, 0), None, MailKind.FAILURE),
        (AlertOn.FAILURES, 3, FAILED, None, None),
        (AlertOn.FAILURES, 2, FAILED, None, MailKind.FAILURE),
        (AlertOn.FAILURES, 99, ERROR, None, MailKind.FAILURE),
        (AlertOn.FAILURES, 1, PASSED, FAILED, None),
        (AlertOn.RECOVERY, 1, PASSED, FAILED, MailKind.RECOVERY),
        (AlertOn.RECOVERY, 1, PASSED, ERROR, MailKind.RECOVERY),
        (AlertOn.RECOVERY, 1, PASSED, PASSED, None),
        (AlertOn.RECOVERY, 1, PASSED, None, None),
        # Nobody was told of the failure, so nobody is told of its end.
        (AlertOn.RECOVERY, 3, PASSED, FAILED, None),
        (AlertOn.ALWAYS, 1, PASSED, PASSED, MailKind.PASS),
        (AlertOn.ALWAYS, 3, PASSED, FAILED, MailKind.PASS),
        (AlertOn.ALWAYS, 1, PASSED, FAILED, MailKind.RECOVERY),
        (AlertOn.NEVER, 1, ERROR, None, None),
        (AlertOn.NEVER, 1, PASSED, FAILED, None),
    ],
)
def test_which_runs_are_mailed_about(on, least, run, before, kind):
    assert AlertRules((), on, least).mail_about(*run, before) is kind


def test_rules_come_back_from_json():
    rules = AlertRules(("a@b.c",), AlertOn.ALWAYS, 4)
    assert AlertRules.from_json(rules.as_json()) == rules


def test_each_param_is_offered_by_the_dags():
    params = alert_params()
    assert set(params) == {"alert_to", "alert_on", "alert_min_failed"}
    assert params["alert_on"].schema["enum"] == [None, "never", "failures", "recovery", "always"]
