"""Addresses that are something else than Flink, and refusals: each is one clear message without a secret."""

from __future__ import annotations

import base64
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator

import httpx
import pytest
import trustme

from streamproof.flink.client import FlinkClient
from streamproof.flink.rest import Rest, UnreachableError
from streamproof.model.errors import EXIT_NOT_JUDGED, FlinkError
from streamproof.model.settings import FlinkSettings

PASSWORD = "s3cret-word"


def asked(answer: httpx.Response | Exception) -> FlinkError:
    """The error of a question that the network answers like this."""

    def network(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    settings = FlinkSettings("http://flink:8081", user="me", password=PASSWORD)
    with pytest.raises(FlinkError) as caught:
        FlinkClient(settings, httpx.MockTransport(network)).overview()
    assert PASSWORD not in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.hint
    assert caught.value.exit_code == EXIT_NOT_JUDGED
    return caught.value


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(200, html="<html>nginx</html>"), "is not the REST interface of Flink: HTTP 200, text/html"),
        (httpx.Response(404, html="<html>"), "is not the REST interface of Flink: HTTP 404"),
        (httpx.Response(200, json={"ok": True}), "does not answer as Flink does: flink-version"),
        (httpx.Response(200, json=[]), "does not answer as Flink does"),
        (httpx.Response(404, json={"detail": "Not Found"}), "is not the REST interface of Flink: HTTP 404"),
        (httpx.Response(302, headers={"location": "/login"}), "is not the REST interface of Flink: HTTP 302"),
        (httpx.Response(401, json={"errors": ["no"]}), "refuses the user"),
        (httpx.Response(403, text="no"), "refuses the user"),
        (httpx.Response(404, json={"errors": ["Unable to load requested file /x/overview."]}), "has no /overview"),
        (httpx.Response(500, json={"errors": [f"boom: {PASSWORD}"]}), r"boom: \*\*\*"),
        (httpx.RemoteProtocolError("Server disconnected"), "is no HTTP service"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer"), "No TLS connection"),
        (httpx.ProxyError(f"407 for me:{PASSWORD}"), r"cannot be reached: 407 for me:\*\*\*"),
    ],
)
def test_what_is_not_flink(answer, message):
    with pytest.raises(FlinkError, match=message):
        raise asked(answer)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("[Errno 111] Connection refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(503, json={"errors": ["Service temporarily unavailable due to an ongoing leader election."]}),
        httpx.Response(502, html="<html>"),
    ],
)
def test_what_may_answer_later_is_told_apart(answer):
    assert isinstance(asked(answer), UnreachableError)


def test_user_and_password_are_sent():
    seen = []

    def network(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={})

    Rest(FlinkSettings("http://flink:8081", user="me", password=PASSWORD), httpx.MockTransport(network)).get("/x")

    assert seen == ["Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()]


def test_the_environments_proxy_is_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port} cannot be reached"):
        FlinkClient(FlinkSettings(f"http://127.0.0.1:{port}")).overview()


class _Overview(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"flink-version":"2.3.0","taskmanagers":1,"slots-total":2,"slots-available":1}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls_url(authority) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Overview)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_is_verified_with_the_authority_that_is_named(tls_url, authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    with FlinkClient(FlinkSettings(tls_url, ca_cert=str(tmp_path / "ca.pem"))) as client:
        assert client.overview().free_slots == 1
    with FlinkClient(FlinkSettings(tls_url, verify=False)) as client:
        assert client.overview().free_slots == 1
    with FlinkClient(FlinkSettings(tls_url)) as client, pytest.raises(FlinkError, match="No TLS connection"):
        client.overview()


def test_plain_http_against_tls_and_a_file_without_certificates(tls_url, tmp_path):
    with FlinkClient(FlinkSettings(tls_url.replace("https", "http"))) as client, pytest.raises(FlinkError):
        client.overview()
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(FlinkError, match="holds no certificates"):
        FlinkClient(FlinkSettings(tls_url, ca_cert=str(tmp_path / "ca.pem")))
