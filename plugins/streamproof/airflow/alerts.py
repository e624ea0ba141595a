"""When a DAG run has ended: take down the stack that a failed one left, and send at most one mail about the run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from streamproof.airflow.alerting.rules import AlertRules, MailKind, alert_rules, default_rules
from streamproof.airflow.leftovers import left_stack
from streamproof.airflow.settings import folders_of, read_settings
from streamproof.environment import Environment
from streamproof.model.errors import StreamproofError

if TYPE_CHECKING:
    from streamproof.airflow.alerting.recovery import EndedFailure
    from streamproof.report.mail import Mail

log = logging.getLogger(__name__)

# Without these, a summary says nothing of its run.
_NEEDED = ("run_id", "pack", "verdict", "checks", "failures")


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A DAG run that has ended, with its newest folder and summary, None for what it does not have.

    `failed` is the state of the DAG run, and `reason` is what Airflow says of it. `note` is a sentence on the stack
    that the run left.
    """

    settings: Environment
    dag_id: str
    dag_run_id: str
    folder: Path | None
    summary: Mapping[str, Any] | None
    failed: bool
    reason: str
    note: str = ""

    @property
    def verdict(self) -> str | None:
        """Return the verdict; None without one, and for a DAG run that failed although its verdict is `passed`."""
        verdict = self.summary["verdict"] if self.summary else None
        return None if self.failed and verdict == "passed" else verdict

    @property
    def links(self) -> list[tuple[str, str]]:
        """Return name and address of each page about the run."""
        found = [("Open the DAG run", run_link(self.dag_id, self.dag_run_id))]
        if self.folder is not None and self.summary is not None:
            found.insert(0, ("Open the report", report_link(self.settings, self.folder.name)))
        return found


def mail_failed_run(context: Mapping[str, Any]) -> None:
    """Take down the stack that a failed DAG run left, and mail its result. As a callback, it does not raise.

    Airflow gives a callback less than a minute. So a stack that takes longer is taken down after the mail, which names
    the command for it. Any other stack is taken down before, so that the mail has the result.
    """
    settings = read_settings()
    run_id = str(context["run_id"])
    left = left_stack(settings, str(context["dag"].dag_id), run_id)
    note = ""
    if left is not None and left.is_slow:
        note = f"What it created outside is now being removed; if anything is left: `{left.by_hand}`."
    elif left is not None:
        note = left.end()
        log.warning("Run %s failed. %s", run_id, note or "Nothing of it was up any more.")
    _alert(ended_run(settings, context, failed=True, note=note), context)
    if left is not None and left.is_slow:
        log.warning("Run %s failed. %s", run_id, left.end())


def mail_passed_run(context: Mapping[str, Any]) -> None:
    """Mail that a run passes again after a failure, or that it passed. As a callback, it does not raise."""
    _alert(ended_run(read_settings(), context, failed=False), context)


def ended_run(settings: Environment, context: Mapping[str, Any], *, failed: bool, note: str = "") -> EndedRun:
    """Return the DAG run of a callback's context. A summary that cannot be read counts as none."""
    from streamproof.runs.folder import read_object

    dag_id, run_id = str(context["dag"].dag_id), str(context["run_id"])
    folders = folders_of(settings.artifacts, dag_id, run_id)
    folder = folders[-1] if folders else None
    summary = None
    if folder is not None:
        try:
            found = read_object(folder / "summary.json", *_NEEDED)
            summary = found if isinstance(found["checks"], dict) else None
        except FileNotFoundError:
            log.info("Run %s has no summary.", run_id)
        except (OSError, ValueError):
            log.exception("The summary of run %s cannot be read.", run_id)
    reason = str(context.get("reason") or "the DAG run failed")
    return EndedRun(settings, dag_id, run_id, folder, summary, failed, reason, note)


def _alert(run: EndedRun, context: Mapping[str, Any]) -> None:
    """Send the mail that the rules ask for. What prevents it is logged, and never raised."""
    try:
        _alert_by_rules(run, context)
    except Exception:
        log.exception("Run %s has ended, and nobody was told of it.", run.dag_run_id)


def _alert_by_rules(run: EndedRun, context: Mapping[str, Any]) -> None:
    from streamproof.airflow.alerting.kept import was_sent
    from streamproof.airflow.alerting.recovery import ended_failure
    from streamproof.report.formatting import whole

    rules = _rules(run, context)
    before = ended_failure(run.settings.artifacts, run.summary, rules) if run.summary else None
    failed = whole(run.summary["checks"].get("failed")) if run.summary else 0
    kind = rules.mail_about(run.verdict, failed, (before.run.verdict, before.run.checks_failed) if before else None)
    if kind is None:
        log.info("Run %s needs no mail (alert_on is %s).", run.dag_run_id, rules.on)
    elif was_sent(run.folder, run.verdict):
        log.info("The mail about run %s has been sent before.", run.dag_run_id)
    elif not rules.to:
        log.warning(
            "Run %s: no %s mail was sent: set STREAMPROOF_ALERT_TO or the Airflow Variable streamproof_alert_to to "
            "one or more addresses.", run.dag_run_id, kind,
        )  # fmt: skip
    else:
        _send(run, rules, kind, mail_of(run, before if kind is MailKind.RECOVERY else None))


def _rules(run: EndedRun, context: Mapping[str, Any]) -> AlertRules:
    """Return the rules that the run began with; for one that was not planned, those of now.

    Rules that are wrong are the likely reason why it was not planned. The mail then goes out by the other settings.
    """
    from streamproof.airflow.alerting.kept import kept_rules

    if kept := kept_rules(run.folder):
        return kept
    try:
        return alert_rules(context.get("params") or {}, run.settings, run.dag_id)
    except StreamproofError as error:
        log.warning("%s %s The mail about run %s ignores it.", error.message, error.hint, run.dag_run_id)
        return default_rules(run.settings, run.dag_id)


def mail_of(run: EndedRun, before: EndedFailure | None = None) -> Mail:
    """Return the mail of a run, from its summary if that was published. `before` is the failure that it ends."""
    from streamproof.report.mail import Recovered, render_mail

    if run.summary is None:
        return _unpublished(run)
    recovered = None
    if before is not None:
        failed = before.run
        recovered = Recovered(
            failed.run_id, failed.verdict, failed.first_broken_layer or "", before.holding, is_last=before.is_last
        )
    broken_after = run.reason if run.failed and run.summary["verdict"] == "passed" else ""
    try:
        return render_mail(
            run.summary,
            links=run.links,
            recovered=recovered,
            entities=_entities(run),
            note=run.note,
            broken_after=broken_after,
        )
    except Exception:
        log.exception("The mail about run %s does not have what its summary says.", run.dag_run_id)
        return _unpublished(run)


def _unpublished(run: EndedRun) -> Mail:
    """Return the mail of a run without a summary that can be read."""
    from streamproof.report.mail import render_unpublished

    where = f"What there is: {run.folder}" if run.folder else "It was not even planned: task plan_run says why."
    return render_unpublished(run.dag_run_id, reason=run.reason, where=where, links=run.links, note=run.note)


def _entities(run: EndedRun) -> str:
    """Return the pack's name for its entities."""
    name = run.summary["pack"] if run.summary else None
    try:
        entities = run.settings.packs.load(name).entities
    except StreamproofError:
        return "sessions"  # the pack is one of another folder, or it is gone
    return entities.plural if entities else "sessions"


def run_link(dag_id: str, dag_run_id: str) -> str:
    """Return the address of the DAG run in the Airflow UI."""
    return f"{_airflow()}/dags/{quote(dag_id)}/runs/{quote(dag_run_id)}"


def report_link(settings: Environment, run_id: str) -> str:
    """Return the address of a run's report: below STREAMPROOF_REPORT_URL if it is set, else its page in Airflow."""
    if settings.report_url:
        return f"{settings.report_url.rstrip('/')}/{quote(run_id)}/report.html"
    return f"{_airflow()}/streamproof/runs/{quote(run_id)}"


def _airflow() -> str:
    from airflow.configuration import conf

    return (conf.get("api", "base_url", fallback="") or "http://localhost:8080").rstrip("/")


def _send(run: EndedRun, rules: AlertRules, kind: MailKind, mail: Mail) -> None:
    """Send the mail, and leave it with the outcome in the run's folder. An error is logged, and not raised."""
    from streamproof.airflow.alerting.sending import send

    problem = None
    try:
        send(run.settings.smtp_conn_id, mail, rules.to)
    except Exception as error:  # noqa: BLE001 - an alert that cannot be sent must not hide the run's own failure
        problem = f"{type(error).__name__}: {error}"
        log.error(  # noqa: TRY400 - the traceback of an SMTP library may hold the connection's secrets
            "Run %s: the %s mail to %s was not sent: %s. Check the Airflow connection '%s' (type smtp).",
            run.dag_run_id, kind, _names(rules.to), problem, run.settings.smtp_conn_id,
        )  # fmt: skip
    else:
        log.info("Run %s: %s mail sent to %s.", run.dag_run_id, kind, _names(rules.to))
    _keep(run, rules, kind, mail, problem)


def _keep(run: EndedRun, rules: AlertRules, kind: MailKind, mail: Mail, problem: str | None) -> None:
    from streamproof.airflow.alerting.kept import keep_mail

    if run.folder is None:
        return
    try:
        keep_mail(run.folder, mail, kind=kind, verdict=run.verdict, to=rules.to, error=problem)
    except OSError as error:
        log.warning("The mail is not in the folder of run %s: %s", run.dag_run_id, error)


def _names(to: Sequence[str]) -> str:
    return ", ".join(to)
