"""What a failed DAG run left up is ended by its callback, and the mail says so."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.airflow import alerts
from streamproof.airflow.alerting import sending
from streamproof.airflow.leftovers import left_stack
from streamproof.airflow.settings import read_settings
from streamproof.model.results import Status

DAG = "streamproof_run"
CONTEXT = {"dag": SimpleNamespace(dag_id=DAG), "run_id": "r1", "reason": "timed_out"}


@pytest.fixture
def left(make_run, monkeypatch, tmp_path):
    """Return a function that leaves a run with a stack folder, whose end has this result."""
    from streamproof.runs import runner

    monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path / "runs"))
    monkeypatch.setenv("STREAMPROOF_ALERT_TO", "a@b.c")

    def of(ended, **changes):
        folder, _ = make_run(**changes)
        folder.stack.mkdir(parents=True)
        (folder.stack / "spec.json").touch()

        def run_stage(ctx, stage):
            assert stage.name == "stack_down"
            events.append("end")
            if isinstance(ended, Exception):
                raise ended
            return ended

        monkeypatch.setattr(runner, "run_stage", run_stage)
        return folder

    events: list[str] = []
    monkeypatch.setattr(sending, "send", lambda _connection, mail, _to: events.append(mail.text))
    return of, events


def test_what_is_up_is_taken_down_and_the_mail_says_so(left, result):
    of, events = left
    of(result("stack_down", details={"stopped": True}))

    alerts.mail_failed_run(CONTEXT)

    assert events[0] == "end"
    assert "has been taken down" in events[1]
    assert "timed_out" in events[1]


@pytest.mark.parametrize("recipients", ["", "a@b.c"])
def test_it_is_taken_down_whether_or_not_a_mail_is_sent(left, result, monkeypatch, recipients):
    of, events = left
    of(result("stack_down", details={"stopped": True}))
    monkeypatch.setenv("STREAMPROOF_ALERT_TO", recipients)

    alerts.mail_failed_run(CONTEXT)

    assert events[0] == "end"
    assert len(events) == 1 + bool(recipients)


@pytest.mark.parametrize("is_broken", [False, True])
def test_what_cannot_be_taken_down_is_named_with_the_command(left, result, is_broken):
    of, events = left
    of(OSError("no disk") if is_broken else result("stack_down", Status.ERRORED, error="no disk", hint="x"))

    alerts.mail_failed_run(CONTEXT)

    assert "no disk" in events[1]
    assert "streamproof stack down r1" in events[1]


def test_services_outside_are_ended_after_the_mail_that_names_the_command(left, result, monkeypatch):
    of, events = left
    of(result("stack_down", details={"stopped": True}), stack="external")
    monkeypatch.setattr("streamproof.airflow.connections.resolve_connections", lambda *_args, **_kwargs: None)

    alerts.mail_failed_run(CONTEXT)

    assert "streamproof stack down r1" in events[0]
    assert events[1] == "end"


@pytest.mark.parametrize("changes", [{"keep_stack": True}, {"mode": "observe", "stack": "external"}])
def test_what_is_to_be_kept_or_never_was_is_left_alone(left, result, changes):
    of, _ = left
    of(result("stack_down"), **changes)
    assert left_stack(read_settings(), DAG, "r1") is None


def test_a_run_that_took_it_down_has_left_nothing(left, result):
    of, _ = left
    folder = of(result("stack_down"))
    assert left_stack(read_settings(), DAG, "r1") is not None
    folder.write_stage(result("stack_down"))
    assert left_stack(read_settings(), DAG, "r1") is None
    assert left_stack(read_settings(), DAG, "never planned") is None


def test_the_stack_of_another_dag_with_the_same_run_id_is_left_alone(left, result):
    of, events = left
    of(result("stack_down", details={"stopped": True}), dag_id="streamproof_run_market")
    assert left_stack(read_settings(), "streamproof_run_market", "r1") is not None

    alerts.mail_failed_run(CONTEXT)

    assert "end" not in events
    assert "No verdict" in events[0] or "NO VERDICT" in events[0]


def test_a_plan_that_cannot_be_read_does_not_prevent_the_mail(left, result, caplog):
    of, events = left
    (of(result("stack_down")).root / "plan.json").write_text('{"dag_id": "streamproof_run", "run')

    alerts.mail_failed_run(CONTEXT)

    assert "Whether run r1 left a stack is unknown" in caplog.text
    assert len(events) == 1
