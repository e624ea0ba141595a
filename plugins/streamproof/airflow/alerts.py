"""When a DAG run has failed: take down the stack that it left, and send one mail."""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from streamproof.airflow.leftovers import left_stack
from streamproof.airflow.pack_dags import recipients
from streamproof.airflow.settings import attempts, read_settings, run_id_of
from streamproof.environment import Environment

if TYPE_CHECKING:
    from streamproof.report.mail import Mail

log = logging.getLogger(__name__)


def mail_failed_run(context: Mapping[str, Any]) -> None:
    """Take down the stack that a failed DAG run left, and mail its result. As a callback, it does not raise.

    Airflow gives a callback less than a minute. So a stack that takes longer is taken down after the mail, which names
    the command for it. Any other stack is taken down before, so that the mail has the result.
    """
    settings = read_settings()
    dag_id, run_id = str(context["dag"].dag_id), str(context["run_id"])
    left = left_stack(settings, run_id)
    note = ""
    if left is not None and left.is_slow:
        note = f"What it created outside is now being removed; if anything is left: `{left.by_hand}`."
    elif left is not None:
        note = left.end()
        log.warning("Run %s failed. %s", run_id, note or "Nothing of it was up any more.")
    _send_alert(settings, dag_id, run_id, context, note)
    if left is not None and left.is_slow:
        log.warning("Run %s failed. %s", run_id, left.end())


def _send_alert(settings: Environment, dag_id: str, run_id: str, context: Mapping[str, Any], note: str) -> None:
    """Send the mail, or log why it was not sent.

    The notifier does not get the DAG: under `dag.test` that is a serialized one, which cannot render templates
    (apache/airflow#64649).
    """
    to = recipients(settings, dag_id)
    if not to:
        log.warning("Run %s failed and no mail was sent: set STREAMPROOF_ALERT_TO to one or more addresses.", run_id)
        return
    reason = str(context.get("reason") or "the DAG run failed")
    mail = failure_mail(settings, dag_id, run_id, reason=reason, note=note)
    try:
        _send(settings, mail, to, {key: value for key, value in context.items() if key != "dag"})
    except Exception as error:  # noqa: BLE001 - an alert that cannot be sent must not hide the run's own failure
        log.error(  # noqa: TRY400 - the traceback of an SMTP library may hold the connection's secrets
            "Run %s failed and the mail to %s was not sent: %s: %s. Check the Airflow connection '%s' (type smtp).",
            run_id, ", ".join(to), type(error).__name__, error, settings.smtp_conn_id,
        )  # fmt: skip
    else:
        log.info("Run %s failed; mail sent to %s.", run_id, ", ".join(to))


def failure_mail(settings: Environment, dag_id: str, dag_run_id: str, *, reason: str, note: str = "") -> Mail:
    """Return the mail of a failed run, from its summary if that was published.

    `note` is a sentence on the stack that the run left.
    """
    import orjson

    from streamproof.report.mail import render_mail

    link = run_link(dag_id, dag_run_id)
    folders = attempts(settings.artifacts, run_id_of(dag_run_id))
    summary = folders[-1] / "summary.json" if folders else None
    if summary is None or not summary.exists():
        folder = folders[-1] if folders else None
        return _unpublished_mail(dag_run_id, reason=reason, link=link, folder=folder, note=note)
    mail = render_mail(orjson.loads(summary.read_bytes()), link=link)
    if not note:
        return mail
    return replace(mail, html=f"{mail.html}<p>{html.escape(note)}</p>", text=f"{mail.text}\n{note}\n")


def _unpublished_mail(dag_run_id: str, *, reason: str, link: str, folder: Path | None, note: str) -> Mail:
    from streamproof.report.mail import Mail

    where = f"What there is: {folder}" if folder else "It was not even planned: the log of task plan_run says why."
    lines = (f"DAG run {dag_run_id} failed before a verdict was published ({reason}).", note, where, f"The run: {link}")
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines if line)
    return Mail(subject=f"[streamproof] {dag_run_id}: no verdict", html=paragraphs, text="\n".join(filter(None, lines)))


def run_link(dag_id: str, dag_run_id: str) -> str:
    """Return the URL of the run in the Airflow UI."""
    from airflow.configuration import conf

    base = conf.get("api", "base_url", fallback="") or "http://localhost:8080"
    return f"{base.rstrip('/')}/dags/{quote(dag_id)}/runs/{quote(dag_run_id)}"


def _send(settings: Environment, mail: Mail, to: Sequence[str], context: dict[str, Any]) -> None:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    # The texts are passed as values of the templates, because the content of an event may look like a template.
    notifier = SmtpNotifier(
        to=list(to),
        subject="{{ streamproof_subject }}",
        html_content="{{ streamproof_html }}",
        smtp_conn_id=settings.smtp_conn_id,
    )
    notifier({**context, "streamproof_subject": mail.subject, "streamproof_html": mail.html})
