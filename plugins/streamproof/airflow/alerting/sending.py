"""Send a mail through Airflow's SMTP connection, as HTML with a plain text beside it."""

from __future__ import annotations

from collections.abc import Sequence
from email.mime.text import MIMEText
from typing import TYPE_CHECKING, Any

from airflow.providers.smtp.hooks.smtp import SmtpHook

if TYPE_CHECKING:
    from streamproof.report.mail import Mail

# Airflow gives a callback less than a minute, so a server that does not answer is not waited for longer.
_TIMEOUT_SEC = 20
_MOST_RETRIES = 1


class AlertHook(SmtpHook):
    """Airflow's hook, which sends HTML only, with a plain text for readers that show no HTML; it retries once."""

    def __init__(self, smtp_conn_id: str, text: str) -> None:
        super().__init__(smtp_conn_id)
        self._text = text

    @property
    def smtp_retry_limit(self) -> int:
        """Return how often the hook tries again."""
        return min(int(super().smtp_retry_limit), _MOST_RETRIES)

    @property
    def timeout(self) -> int:
        """Return how long the hook waits for an answer of the server, in seconds."""
        return min(int(super().timeout), _TIMEOUT_SEC)

    def _build_mime_message(self, *args: Any, **kwargs: Any) -> Any:
        message, recipients = super()._build_mime_message(*args, **{**kwargs, "mime_subtype": "alternative"})
        # The last part is the one that a reader prefers.
        message.get_payload().insert(0, MIMEText(self._text, "plain", "utf-8"))
        return message, recipients


def send(smtp_conn_id: str, mail: Mail, to: Sequence[str]) -> None:
    """Send one mail to all recipients. Raises what the hook or the SMTP library raises."""
    with AlertHook(smtp_conn_id, mail.text) as hook:
        hook.send_email_smtp(to=list(to), subject=mail.subject, html_content=mail.html)
