"""An ASGI app, and a driver that shows what a client of it would get."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streamproof.transport.http.answering import WatchedApp
from streamproof.transport.http.faults import FaultPlan, Faults
from streamproof.transport.http.ledger import LedgerWriter, read_requests
from streamproof.transport.served import ServedRequest

KEY = "db-secret"
PARTS = (b"head", b"aaaa", b"bbbb", b"cccc")


class Got(NamedTuple):
    """An answer as it is sent: `ended` is False for one whose end was never sent."""

    status: int
    headers: dict[str, str]
    body: bytes
    ended: bool


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with four messages, and say that records 0 to 3 of `a.bin` are in them."""
    await receive()
    if scope["path"] == "/broken":
        raise RuntimeError("the app failed")
    served = json.dumps([["a.bin", 0, 3]]).encode()
    size = str(sum(map(len, PARTS))).encode()
    headers = [(b"Content-Length", size), (b"X-Served-Records", served)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number, part in enumerate(PARTS, start=1):
        await send({"type": "http.response.body", "body": part, "more_body": number < len(PARTS)})


class Source:
    """A watched app with its ledger."""

    def __init__(self, ledger: Path, faults: dict[str, Any] | None) -> None:
        self.ledger = ledger
        plan = FaultPlan.model_validate({"faults": faults}) if faults else None
        self._app = WatchedApp(app, Faults(plan), LedgerWriter(ledger), KEY)

    def ask(self, path: str = "/range", *, body: bytes = b"", query: bytes = b"", method: str = "POST") -> Got:
        """Send a request, and return the answer."""
        return asyncio.run(self._ask(path, body, query, method))

    async def _ask(self, path: str, body: bytes, query: bytes, method: str) -> Got:
        sent: list[dict[str, Any]] = []
        asked = [{"type": "http.request", "body": body[:2], "more_body": True}]
        asked.append({"type": "http.request", "body": body[2:], "more_body": False})

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop(0)
            # A client that waits: it neither goes away nor says more.
            return await asyncio.get_running_loop().create_future()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": []}
        await self._app(scope, receive, send)
        start = sent[0]
        assert start["type"] == "http.response.start"
        return Got(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message["body"] for message in sent[1:]),
            not sent[-1]["more_body"],
        )

    def requests(self) -> list[ServedRequest]:
        """Return what the ledger holds."""
        return list(read_requests(self.ledger))


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., Source]:
    """The function that makes a watched app from planned faults."""
    return lambda faults=None: Source(tmp_path / "logs" / "requests.jsonl", faults)
