"""Flink's answers, recorded from a cluster of version 2.3, and a client that gets them instead of the network's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamproof.flink.client import FlinkClient
from streamproof.model.settings import FlinkSettings

DOCUMENTS = Path(__file__).parent / "documents"
URL = "http://flink:8081"


def document(name: str) -> Any:
    """A recorded answer."""
    return json.loads((DOCUMENTS / f"{name}.json").read_text())


class Answers:
    """A network that answers from a table of `METHOD path`; what it was asked stands in `requests`."""

    def __init__(self) -> None:
        self.table: dict[str, httpx.Response | Callable[[httpx.Request], httpx.Response]] = {}
        self.requests: list[httpx.Request] = []

    def answer(self, request: str, answer: Any, status: int | None = None) -> None:
        """Answer a request with the recorded document of that name, or with the given data."""
        data = document(answer) if isinstance(answer, str) else answer
        if isinstance(data, dict) and "HTTP" in data:
            data = dict(data)
            recorded = data.pop("HTTP")
            status = status or recorded
        self.table[request] = httpx.Response(status or 200, json=data)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        found = self.table.get(f"{request.method} {request.url.path}")
        if found is None:
            return httpx.Response(404, json={"errors": [f"Unable to load requested file {request.url.path}."]})
        return found(request) if callable(found) else found

    def bodies(self) -> list[Any]:
        """The JSON documents that were sent."""
        return [json.loads(request.content) for request in self.requests if request.content]


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def client(answers: Answers) -> FlinkClient:
    return FlinkClient(FlinkSettings(URL), httpx.MockTransport(answers))
