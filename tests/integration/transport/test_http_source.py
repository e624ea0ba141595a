"""The program of a source, asked by real clients: with TLS, its key, its ledger and its faults."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from streamproof.runtime.process import python_module
from streamproof.transport.http.serve import ServeLaunch
from streamproof.transport.registry import source_of
from streamproof.transport.served import CERTIFICATE_FILE, KEY_FILE, ServedRequest, Span

PACK = """
name: letters
title: Letters by HTTP
warehouse: clickhouse
transport: http
source: letters_source
layers: {typed: [letters]}
processors: {loader: {kind: command, ends: true, argv: ["{python}", "-c", "pass"]}}
"""
MODULE = '''
"""Letters: every byte of a file is a record, sent in a message of its own."""
import json


def make_app(files, key):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            raise RuntimeError("this app has no lifespan")
        print("asked for", scope["path"])
        given = dict(scope["headers"]).get(b"authorization", b"").decode()
        name = scope["path"].lstrip("/")
        if given != f"Bearer {key}" or name not in files:
            await send({"type": "http.response.start", "status": 401 if name in files else 404, "headers": []})
            await send({"type": "http.response.body"})
            return
        body = files[name].read_bytes()
        served = json.dumps([[name, 0, len(body)]]).encode()
        headers = [(b"content-length", str(len(body)).encode()), (b"x-served-records", served)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for byte in body:
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await send({"type": "http.response.body"})

    return app


def read_records(path):
    return ()
'''
FAULTS = """
faults:
  busy: {path: /a.txt, calls: [2], do: {kind: answer, status: 429, headers: {Retry-After: "7"}}}
  broken: {path: /a.txt, calls: [3], do: {kind: cut, share: 0.5}}
  short: {path: /a.txt, calls: [4], do: {kind: cut_clean, share: 0.5}}
"""


class Running(NamedTuple):
    """A running source."""

    url: str
    folder: Path
    ledger: Path

    def get(self, path: str, key: str | None = None) -> requests.Response:
        """Fetch a path as a client that trusts the source's certificate."""
        token = (self.folder / KEY_FILE).read_text() if key is None else key
        certificate = str(self.folder / CERTIFICATE_FILE)
        return requests.get(
            f"{self.url}/{path}", headers={"Authorization": f"Bearer {token}"}, verify=certificate, timeout=10
        )

    def requests(self) -> list[ServedRequest]:
        """Return what the ledger holds."""
        return list(source_of("http").requests(self.ledger))


@contextmanager
def running(home: Path, tmp_path: Path, *, module: str = MODULE, faults: str = "") -> Iterator[Running]:
    """Start the program, and end it with SIGTERM."""
    pack = tmp_path / "letters"
    pack.mkdir()
    (pack / "pack.yaml").write_text(PACK, encoding="utf-8")
    (pack / "letters_source.py").write_text(module, encoding="utf-8")
    (tmp_path / "a.txt").write_bytes(b"abcd")
    (tmp_path / "faults.yaml").write_text(faults, encoding="utf-8")
    launch = ServeLaunch(
        home=str(home),
        pack_file=str(pack / "pack.yaml"),
        files={"a.txt": str(tmp_path / "a.txt")},
        folder=str(tmp_path / "source"),
        ledger=str(tmp_path / "requests.jsonl"),
        faults=str(tmp_path / "faults.yaml") if faults else "",
    )
    spec = tmp_path / "launch.json"
    spec.write_text(json.dumps(asdict(launch)), encoding="utf-8")
    command = python_module("streamproof.transport.http.serve", str(spec))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            url = child.stdout.readline().strip()
            if not url:
                raise RuntimeError(child.stderr.read())
            yield Running(url, Path(launch.folder), Path(launch.ledger))
        finally:
            child.terminate()
            child.wait(10)


@pytest.fixture
def source(home: Path, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """A source with every kind of fault."""
    with running(home, tmp_path, faults=FAULTS) as found:
        yield found


def test_clients_get_files_faults_and_nothing_without_the_key(source):
    assert source.url.startswith("https://127.0.0.1:")
    assert source.get("a.txt").content == b"abcd"
    busy = source.get("a.txt")
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "7")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        source.get("a.txt")
    short = source.get("a.txt")
    assert (short.status_code, short.content, "content-length" in short.headers) == (200, b"ab", False)
    assert source.get("a.txt", key="guessed").status_code == 401
    assert source.get("b.txt").status_code == 404
    seen = [(request.status, request.whole, request.fault) for request in source.requests()]
    assert seen == [
        (200, True, ""),
        (429, False, "busy"),
        (200, False, "broken"),
        (200, False, "short"),
        (401, True, ""),
        (404, True, ""),
    ]
    assert source.requests()[0].spans == (Span("a.txt", 0, 4),)


def test_a_client_that_does_not_trust_the_certificate_is_not_served(source):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{source.url}/a.txt", timeout=10)
    assert source.requests() == []


def test_only_the_owner_can_read_the_keys(source):
    for name in (KEY_FILE, "private_key.pem"):
        assert stat.S_IMODE((source.folder / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("def make_app(files, key): ...\n", "has no read_records"),
        ("import nothing_of_the_kind\n", "cannot be imported"),
    ],
)
def test_a_broken_source_ends_with_one_line_that_says_why(home, tmp_path, module, message):
    with pytest.raises(RuntimeError, match=message) as raised, running(home, tmp_path, module=module):
        pass
    assert "Traceback" not in str(raised.value)


def test_a_broken_plan_of_faults_ends_with_one_line_that_says_why(home, tmp_path):
    with pytest.raises(RuntimeError, match="Fault plan"), running(home, tmp_path, faults="faults: {}\n"):
        pass
