"""An HTTP proxy before ClickHouse that shows every insert to the test first."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@contextmanager
def proxy(target: str, before: Callable[[str], bool]) -> Iterator[str]:
    """Run a proxy; `before` gets each statement and says whether it may pass (else the connection is cut)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            if not before(parse_qs(urlsplit(self.path).query)["query"][0]):
                self.close_connection = True
                return
            headers = {name: value for name, value in self.headers.items() if name.startswith("X-")}
            request = urllib.request.Request(f"{target}{self.path}", body, headers)
            try:
                with urllib.request.urlopen(request) as response:
                    self._answer(response.status, response.read(), {})
            except urllib.error.HTTPError as error:
                code = error.headers.get("X-ClickHouse-Exception-Code")
                self._answer(error.code, error.read(), {"X-ClickHouse-Exception-Code": code} if code else {})

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
