"""The pack's app on loopback with TLS, in a thread of the test, with faults that a test sets."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import trustme
import uvicorn

from packs.market.source import make_app
from streamproof.model.waiting import Probe, wait_until

KEY = "db-0123456789abcdefghijklmnopqrs"


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files of a set by their names, also those in folders below it."""
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.dbn*"))}


class Gateway:
    """Serves a set. `fault` gets the path, the number of the request of that path from 1, and the ASGI arguments.

    It returns a coroutine that answers, or None for the app's answer. `requests` counts by path.
    """

    def __init__(self, folder: Path, certificates: Path) -> None:
        authority = trustme.CA()
        self.ca_file = certificates / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        server_pem = certificates / "server.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(server_pem))
        self.requests: Counter[str] = Counter()
        self.fault: Callable | None = None
        self._app = make_app(files_of(folder), KEY)
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._answer,
                ssl_certfile=server_pem,
                log_level="warning",
                # As the product's server: else, uvloop would serve where it happens to be installed.
                loop="asyncio",
                http="h11",
                lifespan="off",
                interface="asgi3",
            )
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    async def _answer(self, scope, receive, send) -> None:
        path = scope["path"].removeprefix("/v0/")
        self.requests[path] += 1
        answer = self.fault(path, self.requests[path], self._app, scope, receive, send) if self.fault else None
        await (answer or self._app(scope, receive, send))

    def start(self) -> None:
        """Start to listen."""
        self._thread.start()
        wait_until(
            lambda: Probe(self._server.started, "it does not listen"),
            timeout=10,
            message="the gateway",
            hint="see the log",
        )

    def stop(self) -> None:
        """Stop, and close the socket."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        self._socket.close()
