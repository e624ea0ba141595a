"""Answer requests by an ASGI app: note each of them in the ledger, and apply the planned faults.

The app says in the header `x-served-records` of an answer which records of the fixture set are in it, as a JSON list of
[file, first, end]. The client does not get this header.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote_plus

import orjson

from streamproof.transport.http.faults import Action, Answer, Cut, CutClean, Faults, Slow, Status
from streamproof.transport.http.ledger import LedgerWriter
from streamproof.transport.served import ServedRequest, Span

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

RECORDS_HEADER = b"x-served-records"
# The body of a request is held in memory. One of this many bytes is refused.
LARGEST_REQUEST = 8 * 1024 * 1024
# The part of a request's body that the ledger keeps, in characters.
SHOWN = 2_000
# The status in the ledger of a request whose client has gone before it was answered, as nginx has it.
GONE = 499
FAILED, TOO_LARGE = 500, 413


class WatchedApp:
    """An ASGI app that passes requests on to another one. It hides the key from the ledger."""

    def __init__(self, app: App, faults: Faults, ledger: LedgerWriter, key: str) -> None:
        self._app, self._faults, self._ledger, self._key = app, faults, ledger, key

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request. What is no request, such as a start or a stop, is passed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            refusal = Answer(kind="answer", status=TOO_LARGE, body="The request is too large.\n")
            self._ledger.add(_request(scope, "", status=TOO_LARGE))
            await _send_answer(send, refusal)
            return
        asked = unquote_plus(f"{scope['query_string'].decode('latin-1')}\n{body.decode('utf-8', 'replace')}").strip()
        name, action = self._faults.next(scope["method"], scope["path"], asked)
        shown = asked.replace(self._key, "***") if self._key else asked
        request = _request(scope, shown[:SHOWN], fault=name)
        exchange = _Exchange(request, self._ledger, send, action)
        try:
            await self._answer(exchange, scope, receive, body)
        except Exception:
            # The server answers for an app that failed before it did.
            exchange.status = exchange.status or FAILED
            raise
        finally:
            exchange.note()

    async def _answer(
        self, exchange: _Exchange, scope: MutableMapping[str, Any], receive: Receive, body: bytes
    ) -> None:
        action = exchange.action
        if isinstance(action, Answer):
            exchange.status, exchange.size = action.status, len(action.body.encode())
            exchange.note()
            await _send_answer(exchange.client, action)
            return
        if isinstance(action, Slow) and await _gone(receive, action.before_sec):
            exchange.status = GONE
            return
        await self._app(scope, _repeated(body, receive), exchange.send)
        if isinstance(action, Cut | CutClean):
            await exchange.send_cut(action)


@dataclass(slots=True)
class _Exchange:
    """The answer of the app to one request, on its way to the client."""

    request: ServedRequest
    ledger: LedgerWriter
    client: Send
    action: Action | None
    status: int = 0
    size: int = 0
    whole: bool = False
    spans: tuple[Span, ...] = ()
    start: Message = field(default_factory=dict)
    held: list[bytes] = field(default_factory=list)
    noted: bool = False

    async def send(self, message: Message) -> None:
        """Pass on a message of the app, or hold it back if the answer is to be cut."""
        if message["type"] == "http.response.start":
            message = self._started(message)
        if isinstance(self.action, Cut | CutClean):
            self._hold(message)
            return
        if message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
            if not message.get("more_body", False):
                self.whole = self.request.method != "HEAD"
                # The client may be asked for its requests as soon as it has the end of the answer.
                self.note()
        await self.client(message)

    def _started(self, message: Message) -> Message:
        headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
        self.spans = tuple(_spans(value for name, value in headers if name == RECORDS_HEADER))
        self.status = self.action.status if isinstance(self.action, Status) else message["status"]
        self.start = {
            **message,
            "status": self.status,
            "headers": [header for header in headers if header[0] != RECORDS_HEADER],
        }
        return self.start

    def _hold(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.held.append(message.get("body", b""))

    async def send_cut(self, action: Cut | CutClean) -> None:
        """Send the part of the held answer that comes before the cut. Without an answer, there is nothing to cut."""
        if not self.start:
            return
        clean = isinstance(action, CutClean)
        part = first_messages(self.held, action.share) if clean else first_bytes(self.held, action.share)
        self.size = len(part)
        headers = [header for header in self.start["headers"] if not (clean and header[0] == b"content-length")]
        if clean:
            self.note()
        await self.client({**self.start, "headers": headers})
        # The server breaks the connection of an answer that does not end.
        await self.client({"type": "http.response.body", "body": part, "more_body": not clean})

    def note(self) -> None:
        """Write the request to the ledger, once."""
        if not self.noted:
            self.noted = True
            made = replace(self.request, status=self.status, size=self.size, whole=self.whole, spans=self.spans)
            self.ledger.add(made)


def _request(scope: MutableMapping[str, Any], asked: str, *, fault: str = "", status: int = 0) -> ServedRequest:
    """Return the entry of a request that was not answered yet, with the present time."""
    return ServedRequest(time.time(), scope["method"], scope["path"], asked, status, 0, whole=False, fault=fault)


def first_bytes(bodies: Sequence[bytes], share: float) -> bytes:
    """Return the first part of a body that was sent in these messages."""
    whole = b"".join(bodies)
    return whole[: int(len(whole) * share)]


def first_messages(bodies: Sequence[bytes], share: float) -> bytes:
    """Return the first messages of a body whose sizes together are at most this share of the whole."""
    limit, size, chosen = sum(map(len, bodies)) * share, 0, []
    for body in bodies:
        size += len(body)
        if size > limit:
            break
        chosen.append(body)
    return b"".join(chosen)


def _spans(values: Iterable[bytes]) -> Iterable[Span]:
    for value in values:
        yield from (Span(str(file), int(first), int(end)) for file, first, end in orjson.loads(value))


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request, None when it is too large. A client that goes away has no more to say."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_REQUEST:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _repeated(body: bytes, receive: Receive) -> Receive:
    """Return a function that gives the app the body that was read already, and then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _gone(receive: Receive, seconds: float) -> bool:
    """Wait for the client to go away, at most so many seconds, and return whether it has."""
    try:
        await asyncio.wait_for(receive(), seconds)
    except TimeoutError:
        return False
    return True


async def _send_answer(send: Send, answer: Answer) -> None:
    body = answer.body.encode()
    headers = {"content-type": "application/json" if body.startswith((b"{", b"[")) else "text/plain"}
    headers |= {name.lower(): value for name, value in answer.headers.items()} | {"content-length": str(len(body))}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body, "more_body": False})
