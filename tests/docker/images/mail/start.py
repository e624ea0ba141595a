"""Takes mail on port 1025 and shows it at :8025/api/v1/messages and /message/ID, as Mailpit does for the tests."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

MAILS: list[dict[str, Any]] = []
BODIES: list[str] = []


class Sink:
    """Keeps every mail."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take one mail."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(("html", "plain"))
        BODIES.append(body.get_content() if body else "")
        MAILS.append(
            {
                "ID": str(len(MAILS)),
                "Subject": str(mail["Subject"]),
                "To": [{"Address": address} for address in envelope.rcpt_tos],
            }
        )
        return "250 OK"


class Page(BaseHTTPRequestHandler):
    """Shows what was taken."""

    def do_GET(self) -> None:
        """Answer with all mails, or with the text of one."""
        kind, _, which = self.path.removeprefix("/api/v1/").partition("/")
        found = {"HTML": BODIES[int(which)]} if kind == "message" else {"total": len(MAILS), "messages": MAILS}
        content = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    Controller(Sink(), hostname="0.0.0.0", port=1025).start()
    ThreadingHTTPServer(("0.0.0.0", 8025), Page).serve_forever()
