"""Faults of a gateway, as functions for `Gateway.fault`."""

from __future__ import annotations

import json

RANGE = "timeseries.get_range"


def answers(status: int, *, times: int, path: str = RANGE, headers: dict[str, str] | None = None, case: str = "test"):
    """Answer the first requests of a path with a status."""

    def fault(found, number, app, scope, receive, send):
        return _answer(send, status, headers or {}, case) if found == path and number <= times else None

    return fault


def cut(*, keep: int, times: int, clean: bool):
    """Send only the first `keep` messages of a body, and then end it, or break the connection."""

    def fault(found, number, app, scope, receive, send):
        return _cut(app, scope, receive, send, keep, clean) if found == RANGE and number <= times else None

    return fault


def half(*, times: int):
    """End a body cleanly in the middle of a frame."""

    def fault(found, number, app, scope, receive, send):
        return _half(app, scope, receive, send) if found == RANGE and number <= times else None

    return fault


async def _answer(send, status, headers, case):
    body = json.dumps({"detail": {"case": case, "message": "As the test wants it.", "docs": ""}}).encode()
    listed = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})


async def _cut(app, scope, receive, send, keep, clean):
    passed = 0

    async def limited(message):
        nonlocal passed
        if message["type"] == "http.response.start":
            await send(message)
        elif passed < keep:
            passed += 1
            await send({**message, "more_body": True})

    await app(scope, receive, limited)
    if clean:
        await send({"type": "http.response.body", "body": b""})
    # Otherwise the server sees an answer without an end, and closes the connection.


async def _half(app, scope, receive, send):
    parts = []

    async def collect(message):
        if message["type"] == "http.response.start":
            await send(message)
        else:
            parts.append(message["body"])

    await app(scope, receive, collect)
    body = b"".join(parts)
    await send({"type": "http.response.body", "body": body[: len(body) // 2]})
