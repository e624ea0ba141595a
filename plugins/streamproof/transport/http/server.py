"""Serve an ASGI app with TLS on a loopback port until the process is asked to end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn

from streamproof.transport.http.answering import App
from streamproof.transport.http.certificates import Certificate

# Answers that are still being sent when the server is asked to end get this long.
GRACE_SEC = 2


class Server(uvicorn.Server):
    """A server that tells when it listens."""

    def __init__(self, app: App, certificate: Certificate, on_listening: Callable[[], object]) -> None:
        config = uvicorn.Config(
            app,
            ssl_certfile=certificate.certificate,
            ssl_keyfile=certificate.private_key,
            # Without a choice, another implementation would serve where it happens to be installed.
            http="h11",
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SEC,
        )
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and tell so."""
        await super().startup(sockets)
        if self.started:
            self._on_listening()


def serve(app: App, certificate: Certificate, listening: socket.socket, on_listening: Callable[[], object]) -> bool:
    """Serve the app on a bound socket until SIGTERM or SIGINT; return whether it could be served at all.

    `on_listening` is called when the server answers.
    """
    server = Server(app, certificate, on_listening)
    asyncio.run(server.serve(sockets=[listening]))
    return server.started
