"""What the system tests of the Airflow face share: a mail sink, and a look for processes that are left over."""

from __future__ import annotations

import email
import email.policy
import json
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import psutil
import pytest
from aiosmtpd.controller import Controller

from streamproof.model.waiting import Probe, wait_until

ALERT_TO = "oncall@example.org"


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


class MailSink:
    """An SMTP server on loopback that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def wait_for(self, number: int, timeout: float = 60) -> None:
        """Return when that many mails are in."""
        wait_until(
            lambda: Probe(len(self.mails) >= number, f"{len(self.mails)} of {number}"),
            timeout=timeout,
            message="mail",
            hint="Was the callback called?",
        )

    def environment(self) -> dict[str, str]:
        """The settings that send an Airflow's alerts here."""
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "streamproof@example.org"}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": self.port, "extra": extra}
        return {"AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection), "STREAMPROOF_ALERT_TO": ALERT_TO}


@pytest.fixture
def mail_sink() -> Iterator[MailSink]:
    sink = MailSink()
    sink.start()
    yield sink
    sink.stop()


def body_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html", "plain"))
    assert part is not None
    return part.get_content()


def processes_naming(path: Path) -> list[str]:
    """The command lines of living processes that name a path."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if str(path) in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(command)
    return found
