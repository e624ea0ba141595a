"""What a run's folder keeps of its mail: the rules before the run, and the mail and its outcome after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streamproof.airflow.alerting.rules import AlertRules, MailKind
from streamproof.model.files import write_json
from streamproof.report.mail import Mail
from streamproof.runs.folder import read_json

FOLDER = "mail"


def keep_rules(folder: Path, rules: AlertRules) -> None:
    """Write the rules into the folder of a run that was planned: Params and Variables may change until it ends."""
    write_json(folder / FOLDER / "rules.json", rules.as_json())


def kept_rules(folder: Path | None) -> AlertRules | None:
    """Return the rules of a run's folder, None when there are none that can be read."""
    path = folder / FOLDER / "rules.json" if folder else None
    try:
        return AlertRules.from_json(read_json(path)) if path and path.is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def was_sent(folder: Path | None, verdict: str | None) -> bool:
    """Return whether the mail about this verdict of the run has been sent already: a callback may run again."""
    path = folder / FOLDER / "outcome.json" if folder else None
    if path is None or not path.is_file():
        return False
    try:
        outcome = read_json(path)
        return bool(outcome["sent"]) and outcome["verdict"] == verdict
    except (OSError, ValueError, KeyError, TypeError):
        return False


def keep_mail(
    folder: Path, mail: Mail, *, kind: MailKind, verdict: str | None, to: Sequence[str], error: str | None
) -> None:
    """Write the mail and whether it was sent. `error` says why it was not, None for a mail that was sent."""
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    (place / "mail.html").write_text(mail.html, encoding="utf-8")
    (place / "mail.txt").write_text(mail.text, encoding="utf-8")
    outcome = {"kind": kind, "subject": mail.subject, "to": list(to), "verdict": verdict}
    write_json(place / "outcome.json", {**outcome, "sent": error is None, "error": error})
